"""The resources that an account rents: instances, storages, networks, templates, endpoints."""
