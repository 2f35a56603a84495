"""Modules: folders of manifests with typed inputs and outputs, which a project uses once or for several keys."""
