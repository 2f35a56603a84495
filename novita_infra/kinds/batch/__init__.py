"""The kind `Batch`: a batch of requests to a language model. Only the registry and the tests import it."""

from novita_infra.kinds.batch.kind import BATCH

__all__ = ["BATCH"]
