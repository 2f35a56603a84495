"""Connections under httpx: pools, the simulator in the same process, a reverse proxy."""
