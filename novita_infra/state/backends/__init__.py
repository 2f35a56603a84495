"""One module or package for each place that can keep a state. Backends do not know each other.

Each defines `BACKEND` (`novita_infra/state/backend.py`). `state.opening` finds it by the name of the module.
"""
