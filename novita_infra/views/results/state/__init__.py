"""Results about the state and its audit log."""
