"""The commands of the main path."""
