"""Faults: calls that the simulator refuses, delays or loses."""
