"""What a person or a program gets to see: text, live progress, JSON, graphs. Views see only values and never act."""
