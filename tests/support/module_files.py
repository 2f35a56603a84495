"""A small module, and projects that use it, as texts."""

from __future__ import annotations

from manifest_files import INSTANCE, manifest

HEAD = "apiVersion: novita-infra/v1\n"
INTERFACE = f"""{HEAD}kind: ModuleInterface
inputs:
  gpus: {{type: integer, default: 1}}
  peer: {{type: string, default: none}}
outputs:
  ip: ${{instance.head.ip}}
  gpus: ${{instance.head.gpuCount * 2}}
  text: "${{project.name}} ${{file('motd.txt')}}"
"""
NODES = manifest(
    "Instance", "head", INSTANCE + "  gpuCount: ${var.gpus}\n  env: {PEER: '${var.peer}'}\n  vpc: net\n"
) + manifest("VPC", "net", "  cluster: c1\n")


def use(name: str = "train", rest: str = "", source: str = "./modules/train") -> str:
    """A document that uses a module. Of the lines of `rest`, `inputs` and `patches` belong into its spec."""
    lines = [line for line in rest.splitlines() if line]
    inside = "".join(f"  {line}\n" for line in lines if line.startswith(("inputs:", "patches:", "variables:")))
    beside = "".join(f"{line}\n" for line in lines if f"  {line}\n" not in inside)
    return f"---\n{HEAD}kind: Module\nmetadata: {{name: {name}}}\n{beside}spec:\n  source: {source}\n{inside}"


def files(*texts: str, **more: str) -> dict[str, str]:
    """A project with these documents and the module `train`."""
    return {
        "a.yaml": "".join(texts),
        "modules/train/novita-infra-module.yaml": INTERFACE,
        "modules/train/nodes.yaml": NODES,
        "modules/train/motd.txt": "hello",
        **{name.replace("__", "/").replace("_yaml", ".yaml"): text for name, text in more.items()},
    }
