"""The account behind the key: its id, its balance, the use of its machines. Values and requests only."""
