"""Access to machines: by SSH through the programs of the user, to their logs and to their metrics."""
