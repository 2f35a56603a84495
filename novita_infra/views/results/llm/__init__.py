"""Results of the commands of models, files and batches."""
