"""Commands of the pipelines on GitHub and GitLab."""
