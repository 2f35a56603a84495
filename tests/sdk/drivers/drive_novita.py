"""Drives the official command-line client and its library, PyPI `novita`: every command, and every method."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner
from harness import KEY, Calls, check
from novita_cli.core import client as library
from novita_cli.novita_cli import cli

SIZE = "60"
CHAT, VECTORS, RANKS = "deepseek/deepseek-v3-0324", "baai/bge-m3", "baai/bge-reranker-v2-m3"
MESSAGES = [{"role": "user", "content": "hello"}]
IMAGE = "pytorch/pytorch:latest"
LINE = f'{{"custom_id": "a", "body": {{"model": "{CHAT}", "messages": [{{"role": "user", "content": "x"}}]}}}}\n'


def commands(group: click.Command, path: str = "") -> Iterator[str]:
    """The words of every command."""
    if isinstance(group, click.Group):
        for name, command in group.commands.items():
            yield from commands(command, f"{path} {name}".strip())
    else:
        yield path


def methods() -> Iterator[str]:
    """The names of the methods that make one call of the API each."""
    for name, _ in inspect.getmembers(library.NovitaClient, inspect.isfunction):
        if not name.startswith("_"):
            yield f"client.{name}"


class Driver:
    """One run of both."""

    def __init__(self) -> None:
        self.calls = Calls()
        for name in ("BASE_URL", "OPENAI_BASE", "OPENAI_V1_BASE"):
            setattr(library, name, getattr(library, name).replace("https://api.novita.ai", self.calls.url))
        self.client = library.NovitaClient(KEY)
        self.folder = Path(tempfile.mkdtemp())

    def run(self, *words: str, name: str = "") -> str:
        """Runs a command of the client; fails where it does not exit with 0."""
        name = name or " ".join(words[:2] if words[0] not in {"chat", "complete", "embed", "rerank"} else words[:1])

        def command() -> str:
            ended = CliRunner().invoke(cli, ["--api-key", KEY, *words], catch_exceptions=False)
            check(ended.exit_code == 0, ended.output)
            return ended.output

        return str(self.calls.call(name, command))

    def ask(self, name: str, /, *args: Any, **values: Any) -> Any:
        """Calls a method of the library."""
        return self.calls.call(f"client.{name}", getattr(self.client, name), *args, **values)

    def models(self) -> None:
        self.run("chat", "hello")
        self.run("chat", "hello", "--no-stream", "--system", "s", "--top-p", "0.5")
        self.run("complete", "hello")
        self.run("complete", "hello", "--stream")
        self.run("embed", "text")
        self.run("rerank", "query", "-d", "one", "-d", "two", "--top-n", "1")
        self.run("models", "list")
        self.run("models", "get", CHAT)
        answer = self.ask("chat_completion", model=CHAT, messages=MESSAGES, max_tokens=5)
        check(answer["choices"], "no choices")
        stream = self.ask("chat_completion", model=CHAT, messages=MESSAGES, max_tokens=5, stream=True)
        check(list(self.calls.call("client.stream_sse", self.client.stream_sse, stream) or ()), "no events")
        self.ask("completion", model=CHAT, prompt="x", max_tokens=5)
        self.ask("embeddings", model=VECTORS, input="x")
        self.ask("rerank", model=RANKS, query="x", documents=["a", "b"])
        check(self.ask("list_models")["data"], "no models")
        self.ask("retrieve_model", CHAT)
        self.ask("get_openai", "/models")
        self.ask("post_openai", "/embeddings", {"model": VECTORS, "input": "x"})
        self.ask("post", "/openai/v1/embeddings", {"model": VECTORS, "input": "x"})

    def account(self) -> None:
        for name in ("balance", "billing", "usage-billing", "fixed-billing"):
            self.run("account", name)
        for name in ("get_balance", "get_monthly_bill", "get_usage_billing", "get_fixed_billing"):
            self.ask(name)

    def batches(self) -> None:
        path = self.folder / "in.jsonl"
        path.write_text(LINE, encoding="utf-8")
        self.run("files", "upload", str(path))
        file = self.ask("upload_batch_file", str(path))["id"]
        self.run("files", "list")
        self.run("files", "get", file)
        self.run("files", "content", file)
        self.run("batch", "create", file)
        batch = self.ask("create_batch", input_file_id=file, endpoint="/v1/chat/completions")["id"]
        self.run("batch", "list")
        self.run("batch", "get", batch)
        self.run("batch", "cancel", batch)
        self.ask("list_batches")
        self.ask("retrieve_batch", batch)
        other = self.ask("create_batch", input_file_id=file, endpoint="/v1/chat/completions", completion_window="24h")
        self.ask("cancel_batch", other["id"])
        for name in ("retrieve_file", "retrieve_file_content"):
            self.ask(name, file)
        check(self.ask("list_files")["data"], "no files")
        self.calls.advance(200_000)
        self.run("files", "delete", file)
        self.ask("delete_file", self.ask("list_files")["data"][0]["id"])

    def tasks(self) -> None:
        task = self.ask("txt2img", {"model_name": "sd_xl_base_1.0.safetensors", "prompt": "x", "image_num": 1})
        self.run("task", "status", task)
        self.ask("get_task_result", task)
        self.calls.advance(600)
        self.ask("poll_task", task, interval=0, timeout=5)
        self.run("task", "wait", task, "-o", str(self.folder), "--timeout", "5")
        picture = self.folder / "picture.png"
        picture.write_bytes(b"hi")
        for words in (
            ("image", "generate", "x"),
            ("image", "img2img", str(picture), "x"),
            ("image", "upscale", str(picture)),
            ("image", "inpainting", str(picture), str(picture), "x"),
            ("image", "replace-bg", str(picture), "x"),
            ("video", "generate", "x"),
            ("video", "from-image", str(picture)),
            ("video", "hunyuan", "x"),
        ):
            self.run(*words, "--no-wait")
        for name in ("img2img", "upscale", "inpainting", "txt2video"):
            check(self.ask(name, {"prompt": "x"}), f"{name} answers no task")
        check(self.ask("replace_background", "aGk=", "x"), "no task")
        for name in ("img2video", "hunyuan_video"):
            check(self.ask(name, prompt="x"), f"{name} answers no task")

    def machines(self) -> None:
        for words in (("clusters",), ("products",), ("products", "--gpu-num", "1"), ("cpu-products",)):
            self.run("gpu", *words)
        self.ask("gpu_list_clusters")
        self.ask("gpu_list_cpu_products")
        products = self.ask("gpu_list_products")["data"]
        product = next(item["id"] for item in products if item["availableDeploy"])
        self.run("gpu", "create", "--product-id", product, "--image", IMAGE, "--name", "cli", "--ports", "80/http")
        wanted = {"productId": product, "gpuNum": 1, "imageUrl": IMAGE, "rootfsSize": 60, "kind": "gpu"}
        machine = self.ask("gpu_create_instance", **wanted, name="library", billingMode="onDemand")["id"]
        self.calls.advance(1200)
        self.run("gpu", "list")
        first = next(item["id"] for item in self.ask("gpu_list_instances")["instances"] if item["name"] == "cli")
        for one, how in ((first, "cli"), (machine, "library")):
            for verb in ("get", "metrics", "stop", "start", "restart", "edit", "delete"):
                if how == "library":
                    more = {"ports": [{"port": 81, "type": "http"}]} if verb == "edit" else {}
                    name = "gpu_get_metrics" if verb == "metrics" else f"gpu_{verb}_instance"
                    self.ask(name, one, **more)
                else:
                    more_words = ("--expand-disk", "10") if verb == "edit" else ()
                    self.run("gpu", verb, one, *more_words)
                self.calls.advance(1200)

    def storages_and_templates(self) -> None:
        cluster = next(one["id"] for one in self.ask("gpu_list_clusters")["data"] if one["supportNetworkStorage"])
        self.run("storage", "create", "--cluster-id", cluster, "--name", "cli", "--size", "20")
        self.ask("gpu_create_storage", cluster, "library", 20)
        self.run("storage", "list")
        stored = [one["storageId"] for one in self.ask("gpu_list_storage")["data"]]
        self.run("storage", "delete", stored[0])
        self.ask("gpu_delete_storage", stored[1])
        template = {"name": "library", "type": "instance", "channel": "private", "image": IMAGE, "rootfsSize": 60}
        self.run("template", "create", "--name", "cli", "--image", IMAGE, "--env", "A=b")
        made = self.ask("gpu_create_template", template)["templateId"]
        self.run("template", "list")
        self.run("template", "get", made)
        self.run("template", "edit", made, "--name", "renamed")
        check(self.ask("gpu_get_template", made)["name"] == "renamed", "it was not renamed")
        self.ask("gpu_edit_template", {**template, "Id": made})
        rows = self.ask("gpu_list_templates")["template"]
        self.run("template", "delete", made)
        self.ask("gpu_delete_template", next(one["Id"] for one in rows if one["Id"] != made))

    def endpoints(self, product: str) -> None:
        words = ("--image", IMAGE, "--port", "8080", "--product-id", product, "--name", "cli")
        self.run("serverless", "create", *words)
        self.calls.advance(600)
        made = self.ask("serverless_list_endpoints")["endpoints"][0]["id"]
        self.run("serverless", "list")
        self.run("serverless", "get", made)
        self.run("serverless", "update", made, "--max-workers", "2")
        current = self.ask("serverless_get_endpoint", made)["endpoint"]
        check(current["workerConfig"]["maxNum"] == 2, "it was not updated")
        named = ("id", "name", "workerConfig", "ports", "policy", "image")
        self.ask("serverless_update_endpoint", **{name: current[name] for name in named})
        self.run("serverless", "delete", made)
        self.calls.advance(600)
        again = self.ask(
            "serverless_create_endpoint",
            {
                "name": "library",
                "rootfsSize": 100,
                "workerConfig": {"minNum": 0, "maxNum": 1, "freeTimeout": 300, "maxConcurrent": 1, "gpuNum": 1},
                "ports": [{"port": "80"}],
                "policy": {"type": "queue", "value": 1},
                "image": {"image": IMAGE},
                "volumeMounts": [{"type": "local", "size": 30, "mountPath": "/workspace"}],
                "healthy": {"path": "/health"},
                "products": [{"id": product}],
            },
        )["id"]
        self.calls.advance(600)
        self.ask("serverless_delete_endpoint", again)


def main() -> None:
    driver = Driver()
    serverless = driver.ask("get", "/gpus/v2/products", {"type": "gpu", "category": "serverless"})["data"]
    for part in (driver.models, driver.account, driver.batches, driver.tasks, driver.machines):
        driver.calls.call(part.__name__, part)
    driver.calls.call("storages", driver.storages_and_templates)
    driver.calls.call("endpoints", driver.endpoints, serverless[0]["id"])
    driver.calls.end([*commands(cli), *methods()])


main()
