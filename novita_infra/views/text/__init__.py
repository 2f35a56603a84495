"""The text format, for a person: lines with tones. The text is complete without colours."""
