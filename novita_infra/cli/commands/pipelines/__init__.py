"""Commands of the section "Pipelines"."""
