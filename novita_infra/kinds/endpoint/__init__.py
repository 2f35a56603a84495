"""The kind `Endpoint`: a serverless endpoint. Only the registry and the tests import it."""

from novita_infra.kinds.endpoint.kind import ENDPOINT

__all__ = ["ENDPOINT"]
