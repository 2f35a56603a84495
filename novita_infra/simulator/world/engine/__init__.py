"""The world itself: its records, its clock, its file."""
