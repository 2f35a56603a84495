"""Calls of language models, of the endpoints that serve them, and of the queues of asynchronous endpoints."""
