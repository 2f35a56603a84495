"""JSON Schemas, `explain` and the reference pages, all generated from the kinds."""
