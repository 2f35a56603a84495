"""Views for programs: plan JSON, Terraform's UI messages."""
