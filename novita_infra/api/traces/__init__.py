"""Traces of a command: spans of its plan, its reads, its steps and its calls, for a collector of OpenTelemetry."""
