"""States as named objects with conditional writes: what S3, a git branch and a database have in common."""
