"""The public face for other projects' tests: simulated worlds, scenario files, a pytest plugin."""
