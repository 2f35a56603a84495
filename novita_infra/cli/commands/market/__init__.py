"""Commands about what can be rented, and at what price."""
