"""The commands of `budgets`."""
