"""`audit`: the commands on the audit log."""
