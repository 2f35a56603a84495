"""Reads the live state of recorded resources. It lists where it can, and changes nothing."""
