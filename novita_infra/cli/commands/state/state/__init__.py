"""`state`: the commands that read, edit, check and move the state."""
