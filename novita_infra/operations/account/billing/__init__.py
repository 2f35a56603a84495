"""The bills of the account, and what they say of a project."""
