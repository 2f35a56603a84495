"""Commands about the account: its money, its limits, its keys."""
