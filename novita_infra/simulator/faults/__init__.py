"""Faults: rules by which the simulator refuses, delays or loses answers."""
