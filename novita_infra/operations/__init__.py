"""What each command does, without a terminal: one module per operation. No output, no exit code."""
