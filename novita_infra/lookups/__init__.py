"""Lookups: values that a project takes from the account or from another project, read before its plan is made.

A type of lookup is a value (`lookup.LookupType`), and a module in `types/`; `registry` finds them. Nothing here calls
the API: a type says what it needs, and finds its answer in what was read.
"""
