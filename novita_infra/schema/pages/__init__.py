"""Reference pages that are more than the parts of a document."""
