"""The Python library: projects and the API from a program, without a terminal.

`novita_infra` exports its public names; nothing else of the package is public. It imports neither click nor rich.
"""
