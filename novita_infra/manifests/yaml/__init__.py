"""Reads YAML: text to plain data in which every value has its file, line and column."""
