"""The rate of calls: one governor per process, one shared file per machine."""
