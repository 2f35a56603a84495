"""What a command opens before its session: the account, the simulator, and the lookups of the project."""
