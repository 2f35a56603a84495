"""Turns validated documents into declared resources."""
