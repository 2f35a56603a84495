"""What the jobs of a pipeline do on their forge, beside planning and applying."""
