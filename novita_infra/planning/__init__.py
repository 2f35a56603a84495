"""Plans: a pure function of what is declared, recorded and live. Nothing here reads a clock, a file or the API.

`planner` makes a Plan and a Review from PlanInputs; `deciding` decides on each resource, `ordering` orders the steps,
`targeting` selects. `changes` and `drift` compare, `checks` refuse or warn, `cost` counts, `plan` holds the results,
`saved` writes and compares plan files.
"""
