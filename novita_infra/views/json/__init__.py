"""The JSON format, for a program: Terraform's representations of plan and state, and its UI messages."""
