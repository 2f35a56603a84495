"""Operations on what an account rents: instances, jobs, templates, storages, networks, endpoints."""
