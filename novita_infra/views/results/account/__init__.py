"""The results of commands about the account's money, limits and keys."""
