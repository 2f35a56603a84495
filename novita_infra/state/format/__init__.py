"""The bytes of a stored state and of its journal: values to text and back. Reads and writes no files."""
