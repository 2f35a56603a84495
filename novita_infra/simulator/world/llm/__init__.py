"""Models, inference, batches, files and tasks."""
