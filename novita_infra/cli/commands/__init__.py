"""One module per command. A command reads options, runs one operation and hands the result to a view."""
