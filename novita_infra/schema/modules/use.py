"""The schema of a document that uses a module. Nothing here validates."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.schema.frame import EXISTENCE, NAME, VERSION
from novita_infra.schema.objects import Schema, closed_object
from novita_infra.schema.project import PATCHES

MODULE_SPEC: Final[Schema] = closed_object(
    {
        "source": {
            "type": "string",
            "pattern": r"^(\.\.?/|git::)",
            "examples": ["./modules/train", "git::https://github.com/acme/modules.git//train?ref=v1.2.0"],
            "description": (
                "The folder of the module: in the project, relative to this file, or in a git repository: "
                "git::URL//FOLDER?ref=REF."
            ),
        },
        "inputs": {
            "type": "object",
            "examples": [{"gpus": 8, "region": "${each.key}"}],
            "description": "The values of its inputs; they may hold expressions.",
        },
        "patches": {
            **PATCHES,
            "examples": [[{"target": "instance.head", "spec": {"rootDiskGb": 100}}]],
            "description": "Differences of resources in this use; targets are named as in the module. A later patch "
            "takes precedence, and those of the environment over all.",
        },
    },
    required=["source"],
    description="The module, what it takes, and differences of what is in it.",
)
MODULE: Final[dict[str, Any]] = closed_object(
    {
        "apiVersion": VERSION,
        "kind": {"const": "Module", "description": "Uses a module."},
        "metadata": closed_object(
            {
                "name": {
                    "type": "string",
                    "pattern": f"^{NAME}$",
                    "examples": ["train"],
                    "description": "Unique among the modules. Addresses begin with module.NAME.",
                }
            },
            required=["name"],
            description="The name of the module in this project.",
        ),
        **EXISTENCE,
        "spec": MODULE_SPEC,
    },
    required=["apiVersion", "kind", "metadata", "spec"],
)
"""The schema of a document that uses a module, without its head."""

EXAMPLE: Final = """\
apiVersion: novita-infra/v1
kind: Module
metadata: {name: train}
forEach: [eu, us]                        # module.train["eu"], module.train["us"]
spec:
  source: ./modules/train                # a folder with novita-infra-module.yaml
  inputs:
    image: ${var.image}
    storage: ${network_storage.shared.id}
"""
