"""The results of commands about machines."""
