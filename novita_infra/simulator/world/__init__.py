"""The pretend cloud itself, by resource. Knows nothing of HTTP."""
