"""From the manifest files of a project to its resources: identify, merge, expand, evaluate, validate, declare."""
