"""The language inside manifests: expressions, variables, secrets."""
