"""The operations of the API by resource: what a request may hold, and the answer as it goes over the wire.

They check, call the world, and render; nothing is decided here that would outlive the request.
"""
