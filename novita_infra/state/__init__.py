"""State: the resources that a project owns, kept so that no crash loses an id and no secret is stored in clear.

`store` holds the protocols that every other package uses. `opening` chooses the backend; only it imports one.
"""
