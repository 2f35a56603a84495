"""Computations over values: the closed set of operators and functions, and what they may cost. No I/O.

They carry secrets and unknown values: a result of a secret is a secret, and a result of a reference waits for it.
"""
