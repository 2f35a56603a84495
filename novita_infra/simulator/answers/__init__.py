"""The JSON Schemas of successful answers, and the reasons of refusals, for the OpenAPI document and the tests.

They are written from the reference and from live answers, not derived from the code that answers.
"""
