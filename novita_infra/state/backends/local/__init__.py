"""State in local files: a JSON file for each environment, with a journal, a backup and a lock beside it."""
