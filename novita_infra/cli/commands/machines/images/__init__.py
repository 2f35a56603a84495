"""The command `images` and its own commands."""
