"""The last lines of a container's log."""
