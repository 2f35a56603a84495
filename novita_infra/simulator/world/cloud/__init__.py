"""Machines, storages, networks, templates, endpoints: what an account rents."""
