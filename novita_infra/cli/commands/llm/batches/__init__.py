"""The command `batches` and its own commands."""
