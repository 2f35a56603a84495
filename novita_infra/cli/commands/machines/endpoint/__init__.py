"""The command `endpoint` and its own commands."""
