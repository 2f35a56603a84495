"""The command `webhook` and its own commands."""
