"""Reference pages that are made from the commands."""
