"""A small HTTP server for events: one path, bounded in every way."""
