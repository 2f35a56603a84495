"""Reads what the project file says of every plan: rules, budgets, policies."""
