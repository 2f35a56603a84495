"""The logs of machines and workers, their keys and their ranges."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from novita_infra.simulator import PROFILES

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
    assert cloud.send("GET", system, headers={"Range": "bytes=7-"}).text == whole
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
