"""Operations of the model APIs: models, API keys, inference, files, batches and tasks."""
