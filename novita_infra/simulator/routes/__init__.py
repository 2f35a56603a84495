"""The operations of the API by resource: the fields of requests, and the rendering of answers.

A route checks the request, calls the world and renders the answer. All state is in the world.
"""
