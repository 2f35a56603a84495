"""Results about notifications."""
