"""The account behind the key: who owns it, its balance, the use of its machines. Values and requests only."""
