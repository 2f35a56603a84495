"""The schemas of notifications."""
