"""Commands on the state."""
