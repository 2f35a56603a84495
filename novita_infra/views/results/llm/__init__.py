"""Results of the commands of models."""
