"""The schema of the file `novita-infra-module.yaml`. Nothing here validates."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.schema.frame import VERSION
from novita_infra.schema.objects import Schema, closed_object
from novita_infra.schema.project import LOCALS, OUTPUTS, VARIABLES

INTERFACE_EXAMPLE: Final = """\
apiVersion: novita-infra/v1
kind: ModuleInterface
inputs:
  image: {type: string}
  workers: {type: integer, default: 1}
  storage: {type: string, description: The id of a network storage}
outputs:
  head: ${instance.head.sshCommand}
"""

_OUTPUTS: Final[Schema] = {**OUTPUTS, "description": "The values that ${module.NAME.OUTPUT} gives."}
MODULE_INTERFACE: Final[dict[str, Any]] = closed_object(
    {
        "apiVersion": VERSION,
        "kind": {"const": "ModuleInterface", "description": "Marks the file novita-infra-module.yaml."},
        "inputs": {**VARIABLES, "description": "What the module takes, by the NAME of ${var.NAME} in its expressions."},
        "locals": LOCALS,
        "outputs": _OUTPUTS,
    },
    required=["apiVersion", "kind"],
)
"""The schema of `novita-infra-module.yaml`, without its head."""
