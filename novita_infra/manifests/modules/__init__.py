"""Modules: folders of manifests with typed variables and outputs, which a project uses once or for several keys."""
