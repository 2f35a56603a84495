"""Notes on the calls of a run that change something."""
