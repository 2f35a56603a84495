"""What answers give the addresses of: the logs of machines and workers with their keys, and the results of tasks."""

from __future__ import annotations

import io
import json
import struct
import wave
import zlib
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from novita_infra.model.clock import FastClock
from novita_infra.simulator import PROFILES, open_world
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.serving import background
from novita_infra.simulator.world.engine.llm_records import Task
from novita_infra.simulator.world.llm import results

NO_KEY = {"headers": {"Authorization": ""}}
ENVS = [{"key": "HF_TOKEN", "value": "hf_in-clear"}]


def logs_of(cloud: Any, key: str) -> tuple[str, str]:
    """The addresses of the program log and of the system log, without the host."""
    addresses = cloud.instance(key)["connectComponentLog"]
    urls = [urlsplit(addresses[f"{which}LogAddress"]) for which in ("instance", "system")]
    assert {(part.scheme, part.netloc) for part in urls} == {("http", "sim")}
    program, system = (f"{part.path}?{part.query}" for part in urls)
    return program, system


def read(cloud: Any, path: str, **options: Any) -> list[str]:
    answer = cloud.send("GET", path, **options)
    assert answer.status_code in {200, 206}, answer.text
    return str(answer.text).splitlines()


def test_the_log_of_a_machine_describes_its_start(cloud: Any) -> None:
    key = cloud.machine(imageUrl="team/train:1", ports="80/http")
    program, system = logs_of(cloud, key)
    assert read(cloud, system, **NO_KEY) == [f"instance {key} waits for its node"]
    assert read(cloud, program, **NO_KEY) == []
    cloud.pass_(10)
    assert "Pulling image team/train:1" in read(cloud, system)
    cloud.pass_(200)
    assert read(cloud, system)[-1] == "Container started"
    assert read(cloud, program)[-1] == "listening on 0.0.0.0:80"


def test_a_failed_pull_is_in_the_system_log(cloud: Any) -> None:
    key = cloud.machine(imageUrl="team/does-not-exist:1")
    cloud.pass_(60)
    program, system = logs_of(cloud, key)
    assert "Failed to pull image team/does-not-exist:1: manifest unknown" in read(cloud, system)
    assert read(cloud, program) == []


def test_the_log_of_a_crashed_program_has_its_output(cloud: Any) -> None:
    key = cloud.machine(command="sh -c 'printenv; exit 3'", envs=ENVS)
    cloud.pass_(200)
    shown = cloud.instance(key)
    assert shown["status"] == "starting"
    assert shown["statusError"] == {"state": "ContainerExited", "message": "the container exited with code 3"}
    program, system = logs_of(cloud, key)
    assert read(cloud, program) == [
        "+ sh -c 'printenv; exit 3'",
        "HF_TOKEN=hf_in-clear",
        "the program ended with exit code 3",
    ]
    assert read(cloud, system)[-1] == "Stopped: the container exited with code 3"
    cloud.post("gpu/instance/delete", {"instanceId": key})


def test_a_machine_runs_whose_program_exits_with_0_or_never(cloud: Any) -> None:
    for command in ("exit 0", "sleep 1", "echo exit", "env | grep exiting 3"):
        assert cloud.running(command=command)


def test_the_log_of_a_failed_worker_is_json_lines(cloud: Any) -> None:
    key = cloud.endpoint(
        image={"image": "team/serve:1", "authId": "", "command": "env; exit 1"},
        envs=ENVS,
        workerConfig={"minNum": 2, "maxNum": 2, "freeTimeout": 60, "maxConcurrent": 1, "gpuNum": 1},
    )
    cloud.pass_(200)
    shown = cloud.get("endpoint", id=key)["endpoint"]
    assert shown["state"]["state"] == "creating"
    first, second = shown["workers"]
    assert first["state"] == {
        "state": "failed",
        "error": "ContainerExited",
        "message": "the container exited with code 1",
    }
    messages = [json.loads(line)["msg"] for line in read(cloud, first["log"])]
    assert messages[-3:] == ["+ env; exit 1", "HF_TOKEN=hf_in-clear", "the program ended with exit code 1"]
    whole = read(cloud, shown["log"])
    assert whole == [*read(cloud, first["log"]), *read(cloud, second["log"])]


def test_machine_logs_require_a_token_and_worker_logs_the_key(cloud: Any) -> None:
    program, _ = logs_of(cloud, cloud.machine())
    path, _, _token = program.partition("?")
    assert cloud.send("GET", path).status_code == 404
    assert cloud.send("GET", f"{path}?token=other").status_code == 404
    assert cloud.send("GET", program.replace("/instance?", "/other?")).status_code == 404
    key = cloud.endpoint()
    worker = cloud.get("endpoint", id=key)["endpoint"]["workers"][0]
    assert cloud.send("GET", worker["log"], **NO_KEY).status_code == 401
    assert cloud.send("GET", f"/serverless/log/{key}/other").status_code == 404
    assert cloud.send("GET", "/serverless/log/other").status_code == 404


def test_a_range_request_returns_the_end_of_a_log(cloud: Any) -> None:
    program, system = logs_of(cloud, cloud.running())
    whole = cloud.send("GET", system).text
    answer = cloud.send("GET", system, headers={"Range": "bytes=-7"})
    assert (answer.status_code, answer.text) == (206, whole[-7:])
    assert answer.headers["Content-Range"] == f"bytes {len(whole) - 7}-{len(whole) - 1}/{len(whole)}"
    longer = cloud.send("GET", system, headers={"Range": "bytes=-65536"})
    assert (longer.status_code, longer.text) == (206, whole)
    assert longer.headers["Content-Range"].startswith("bytes 0-")
    empty, _ = logs_of(cloud, cloud.machine())
    assert cloud.send("GET", empty, headers={"Range": "bytes=-7"}).status_code == 416
    assert program != empty


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_the_strict_profile_has_no_log_addresses(make_cloud: Any, profile: str) -> None:
    cloud = make_cloud(quirks=PROFILES[profile])
    addresses = cloud.instance(cloud.machine())["connectComponentLog"]
    endpoint = cloud.get("endpoint", id=cloud.endpoint())["endpoint"]
    urls = [
        addresses["instanceLogAddress"],
        addresses["systemLogAddress"],
        endpoint["log"],
        endpoint["workers"][0]["log"],
    ]
    assert [bool(one) for one in urls] == [profile != "strict"] * 4


SIGNS = {"png": b"\x89PNG\r\n", "jpeg": b"\xff\xd8\xff", "webp": b"RIFF", "mp4": b"\0\0\0\x1cftypisom", "wav": b"RIFF"}
"""The first bytes of a file, by its ending."""


@pytest.mark.parametrize(
    ("operation", "format", "media"),
    [
        ("txt2img", "png", "image/png"),
        ("upscale", "jpeg", "image/jpeg"),
        ("remove-background", "webp", "image/webp"),
        ("wan-t2v", "mp4", "video/mp4"),
        ("txt2speech", "wav", "audio/wav"),
    ],
)
def test_the_results_of_a_task_can_be_downloaded(cloud: Any, operation: str, format: str, media: str) -> None:  # noqa: A002
    extra = {"response_image_type": format} if media.startswith("image") else {}
    body = {"prompt": "a cat", "text": "say it", "image_num": 2, "extra": extra}
    task = cloud.post(f"/v3/async/{operation}", body)["task_id"]
    cloud.pass_(200)
    shown = cloud.get("/v3/async/task-result", task_id=task)
    kind = media.partition("/")[0]
    urls = [row[f"{kind}_url"] for row in shown[f"{kind}s"]]
    assert len(set(urls)) == 2
    for url in urls:
        assert url.startswith("http://sim/")
        path = url.removeprefix("http://sim")
        answer = cloud.send("GET", path, **NO_KEY)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
        assert answer.content.startswith(SIGNS[format])
        assert cloud.send("GET", path, **NO_KEY).content == answer.content
        assert cloud.send("GET", path[:-1] + "x", **NO_KEY).status_code == 403
        assert cloud.send("GET", path.partition("?")[0], **NO_KEY).status_code == 403
        assert cloud.send("GET", path.replace(f".{format}", ".bmp"), **NO_KEY).status_code == 404


def test_the_result_of_an_unfinished_a_failed_or_a_forgotten_task_is_not_found(cloud: Any) -> None:
    task = cloud.post("/v3/async/txt2img", {"prompt": "a cat"})["task_id"]
    failing = cloud.post("/v3/async/txt2img", {"prompt": "does-not-exist"})["task_id"]
    assert cloud.send("GET", f"/results/{task}/0.png").status_code == 404
    cloud.pass_(200)
    (row,) = cloud.get("/v3/async/task-result", task_id=task)["images"]
    path = row["image_url"].removeprefix("http://sim")
    assert cloud.send("GET", path).status_code == 200
    for name in ("1.png", "0.jpeg", "-1.png", "x", "0.png.png"):
        assert cloud.send("GET", path.replace("0.png", name)).status_code == 404
    assert cloud.send("GET", path.replace(task, failing)).status_code == 404
    cloud.pass_(8 * 86_400)
    assert cloud.send("GET", path).status_code == 404


def test_an_address_of_a_result_expires_and_a_later_answer_has_a_new_one(cloud: Any) -> None:
    task = cloud.post("/v3/async/txt2img", {"prompt": "a cat"})["task_id"]
    cloud.pass_(200)
    paths = []
    for wait, status in ((3590, 200), (20, 403)):
        (row,) = cloud.get("/v3/async/task-result", task_id=task)["images"]
        assert row["image_url_ttl"] == 3600
        assert "&X-Amz-Expires=3600&" in row["image_url"]
        paths.append(row["image_url"].removeprefix("http://sim"))
        cloud.pass_(wait)
        assert cloud.send("GET", paths[0], **NO_KEY).status_code == status
    assert cloud.send("GET", paths[0], **NO_KEY).text == "Request has expired"
    assert cloud.send("GET", paths[1], **NO_KEY).status_code == 200
    later = paths[0].replace(paths[0].partition("Date=")[2][:16], paths[1].partition("Date=")[2][:16])
    assert later != paths[0]
    assert cloud.send("GET", later, **NO_KEY).text == "the signature is wrong"


def test_a_downloaded_picture_and_a_downloaded_sound_can_be_decoded(cloud: Any) -> None:
    picture = Task(id="t", operation="txt2img", media="image", key="k", format="png")
    body, _ = results.result_bytes(picture, 0)
    size = struct.unpack(">II", body[16:24])
    data = body.partition(b"IDAT")[2]
    assert len(zlib.decompressobj().decompress(data)) == size[1] * (1 + 3 * size[0])
    sound = Task(id="t", operation="txt2speech", media="audio", key="k", text="three words here")
    with wave.open(io.BytesIO(results.result_bytes(sound, 0)[0])) as read_back:
        seconds = read_back.getnframes() / read_back.getframerate()
    assert seconds == pytest.approx(results.sound_seconds(sound.text), abs=0.01)


def test_a_part_of_a_log_is_served(cloud: Any) -> None:
    key = cloud.machine(command="echo one", ports="80/http")
    cloud.pass_(200)
    program, _ = logs_of(cloud, key)
    whole = str(cloud.send("GET", program).text)
    size = len(whole)
    for span, status, part, place in (
        ("bytes=-4", 206, whole[-4:], f"bytes {size - 4}-{size - 1}/{size}"),
        ("bytes=5-", 206, whole[5:], f"bytes 5-{size - 1}/{size}"),
        ("bytes=-999", 206, whole, f"bytes 0-{size - 1}/{size}"),
        (f"bytes={size}-", 416, "", f"bytes */{size}"),
        ("bytes=-0", 416, "", f"bytes */{size}"),
        ("bytes=1-2", 200, whole, None),
    ):
        answer = cloud.send("GET", program, headers={"Range": span})
        assert (answer.status_code, answer.text, answer.headers.get("Content-Range")) == (status, part, place), span


def test_over_http_a_log_is_a_stream_that_ends_with_its_machine() -> None:
    clock = FastClock(start=0.0, scale=1.0)
    world = open_world(None, now=clock.now)
    try:
        with background(build_app(world)) as server, httpx.Client(base_url=server.url, timeout=20) as client:
            client.headers["Authorization"] = "Bearer sk_test"
            gpu = "/gpu-instance/openapi/v1/gpu/instance"
            body = {"kind": "gpu", "productId": "4090.16c62g", "gpuNum": 1, "rootfsSize": 20, "imageUrl": "nginx"}
            key = client.post(f"{gpu}/create", json=body).raise_for_status().json()["id"]
            address = client.get(gpu, params={"instanceId": key}).json()["connectComponentLog"]["instanceLogAddress"]
            with client.stream("GET", address) as answer:
                server.do(lambda: world.skip(600))
                lines = answer.iter_lines()
                assert next(lines) == "the image's own program begins"
                client.post(f"{gpu}/delete", json={"instanceId": key}).raise_for_status()
                server.do(lambda: world.skip(600))
                assert list(lines) == []
    finally:
        world.close()


def test_a_served_simulator_answers_for_the_programs_of_endpoints() -> None:
    clock = FastClock(start=1_790_000_000, scale=1000)
    world = open_world(None, now=clock.now)
    headers = {"Authorization": "Bearer sk_test"}
    body = {
        "name": "e",
        "workerConfig": {"minNum": 1, "maxNum": 1, "freeTimeout": 60, "maxConcurrent": 1, "gpuNum": 1},
        "ports": [{"port": 80}],
        "policy": {"type": "queue", "value": 10},
        "image": {"image": "team/serve:1"},
        "products": [{"id": "SL-serverless-1"}],
        "rootfsSize": 100,
        "healthy": {"path": "/alive"},
    }
    with background(build_app(world)) as server, httpx.Client(base_url=server.url, headers=headers) as client:
        made = client.post("/gpu-instance/openapi/v1/endpoint/create", json={"endpoint": body}).json()
        id = made.get("id") or made["endpoint"]["id"]
        found = client.get("/gpu-instance/openapi/v1/endpoint", params={"id": id}).json()["endpoint"]
        assert found["url"] == f"{server.url}/endpoints/{id}-{id}"
        while (answer := httpx.get(f"{found['url']}/alive")).status_code == 503:
            assert answer.text == "no worker is ready"
        assert answer.text == "OK"
        asked = {"model": "any", "messages": [{"role": "user", "content": "Hello"}]}
        chat = httpx.post(f"{found['url']}/v1/chat/completions", json=asked)
        assert chat.json()["choices"][0]["message"]["content"]
        streamed = httpx.post(f"{found['url']}/v1/chat/completions", json={**asked, "stream": True})
        assert streamed.headers["content-type"].startswith("text/event-stream")
        assert streamed.text.endswith("data: [DONE]\n\n")
        for broken in (b"{", b'{"model": 1}', b"[]"):
            assert httpx.post(f"{found['url']}/v1/embeddings", content=broken).status_code == 400
        assert httpx.get(f"{server.url}/endpoints/none-none/alive").status_code == 404
    world.close()
