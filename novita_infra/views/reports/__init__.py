"""Results as findings, for the pages and pipelines that show those of many programs."""
