"""The command `instance` and its own commands."""
