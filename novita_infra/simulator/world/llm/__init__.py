"""The model APIs: models, keys, inference, batches, files and tasks."""
