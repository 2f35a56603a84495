"""Who holds the lock of a state, for how long, and waiting for it, for every backend alike."""
