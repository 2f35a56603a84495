"""What spares the service calls: one governor of their rate per process, one shared file per machine, kept answers."""
