"""A declarative reconciler for the GPU cloud of Novita AI."""

__version__ = "0.2.0"
