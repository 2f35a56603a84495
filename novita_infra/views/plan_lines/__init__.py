"""A plan as lines of text with tones: its changes, drift, cost and safety. Text, Markdown and HTML show them. Pure."""
