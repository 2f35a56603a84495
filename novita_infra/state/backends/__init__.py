"""One module or folder for each place that can keep a state. Backends do not know each other.

A new backend is a module here, a line in `state/opening.py`, its settings in `schema/project.py`, and its registration
in `tests/support/state_backends.py`.
"""
