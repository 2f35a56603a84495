"""Sends the documents of notices: one module for each channel. No message of it has a secret or an address."""
