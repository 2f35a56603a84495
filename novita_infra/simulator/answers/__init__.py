"""What the operations answer when they succeed, as JSON Schema: read by the OpenAPI document and by the tests.

Written from what the service is known to answer, not derived from the code that answers.
"""
