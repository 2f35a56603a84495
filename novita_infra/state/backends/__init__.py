"""Places that keep a state. Backends do not know each other."""
