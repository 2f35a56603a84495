"""Single calls of whole addresses, with answers that are read as they come."""
