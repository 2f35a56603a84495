"""The engine of the world: records, tables, clock, events and the account file."""
