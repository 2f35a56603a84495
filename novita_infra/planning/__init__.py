"""Plans: a pure function of what is declared, recorded and live.

Nothing here reads a clock, a file or the API. The flow is the list of packages: `changes` and `drift` compare,
`checks` refuse or warn, `cost` counts, `plan` is the result, `saved` writes and compares it.
"""
