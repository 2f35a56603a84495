"""Public tools for the tests of other projects: simulated worlds, scenario files, a pytest plugin.

It knows the simulator and the state, and nothing of planning and applying but saved plans.
"""
