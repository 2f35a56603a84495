"""Loads a project: its files, its project file, its environment, its resources."""
