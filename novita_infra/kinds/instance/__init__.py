"""The kind `Instance`: a GPU or CPU machine. Only the registry and the tests import it."""

from novita_infra.kinds.instance.kind import INSTANCE

__all__ = ["INSTANCE"]
