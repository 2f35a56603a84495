"""The schemas of modules: of the documents that use one, and of the file of a module."""
