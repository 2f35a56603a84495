"""Notes on the calls that may change something, for the audit log."""
