"""Commands on the simulator."""
