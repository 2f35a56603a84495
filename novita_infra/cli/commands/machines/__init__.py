"""Commands about the daily life of machines."""
