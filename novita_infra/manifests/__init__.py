"""Manifests to declared resources: YAML, expressions, validation, the project.

The flow is the import order: `yaml` reads text, `language` and `validation` work on documents, `resources` declares,
`project` loads a folder. Every message carries a place. Reading needs no network.
"""
