"""Views for people: lines of text with tones. Text alone says everything; colour only helps."""
