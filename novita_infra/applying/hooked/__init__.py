"""The hooks of the resources that a run changes."""
