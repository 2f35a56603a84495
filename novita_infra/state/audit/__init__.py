"""The audit log of an environment: its entries as a chain of digests, and their check. Reads and writes no files."""
