"""Completion in shells: what options and arguments offer, and the scripts of the shells."""
