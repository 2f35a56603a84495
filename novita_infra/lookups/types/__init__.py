"""The types of lookup, one module each. They are independent of one another."""
