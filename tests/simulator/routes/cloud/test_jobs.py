"""Jobs: saving an image, interrupting, listing."""

from __future__ import annotations

from typing import Any


def save(cloud: Any, key: str, image: str = "docker.io/team/saved:1", **more: Any) -> str:
    return str(cloud.post("job/save/image", {"instanceId": key, "image": image} | more)["jobId"])


def test_saving_an_image_is_a_job(cloud: Any) -> None:
    auth = cloud.auth()
    key = cloud.running()
    job = save(cloud, key, registryAuthId=auth)
    assert cloud.instance(key)["jobs"] == [{"id": job, "type": "saveImage"}]
    states = []
    for _ in range(40):
        (shown,) = cloud.get("jobs", jobId=job)["jobs"]
        states.append(shown["state"]["state"])
        cloud.pass_(1)
    assert list(dict.fromkeys(states)) == ["pulling", "running", "success"]
    assert (shown["Id"], shown["type"], shown["instanceId"]) == (job, "saveImage", key)
    assert shown["state"] == {"state": "success", "error": "", "errorMessage": ""}
    assert shown["createdAt"].isdecimal()
    assert cloud.instance(key)["jobs"] == []


def test_a_job_fails_for_an_image_that_cannot_be_pushed(cloud: Any) -> None:
    job = save(cloud, cloud.running(), "docker.io/team/does-not-exist:1")
    cloud.pass_(60)
    (shown,) = cloud.get("jobs", jobId=job, state="fail")["jobs"]
    assert shown["state"]["error"]
    assert shown["state"]["errorMessage"]


def test_a_job_fails_when_its_machine_is_removed(cloud: Any) -> None:
    key = cloud.running()
    save(cloud, key)
    cloud.post("gpu/instance/delete", {"instanceId": key})
    cloud.pass_(60)
    assert cloud.get("jobs")["jobs"][0]["state"]["state"] == "fail"


def test_a_running_job_can_be_interrupted(cloud: Any) -> None:
    job = save(cloud, cloud.running())
    assert cloud.post("job/break", {"jobId": job}) == {"jobId": job}
    cloud.pass_(60)
    assert cloud.get("jobs", jobId=job)["jobs"][0]["state"]["state"] == "break"
    assert cloud.refuses("job/break", {"jobId": job}) == "OPERATION_LIMIT"
    assert cloud.refuses("job/break", {"jobId": "no"}) == "JOB_NOT_FOUND"


def test_jobs_filter_by_every_parameter(cloud: Any) -> None:
    key = cloud.running()
    first = save(cloud, key)
    cloud.pass_(100)
    cloud.post("gpu/instance/migrate", {"instanceId": key})
    began = int(cloud.clock())
    assert cloud.get("jobs")["total"] == 2
    assert [job["Id"] for job in cloud.get("jobs", type="saveImage")["jobs"]] == [first]
    assert cloud.get("jobs", state="pulling")["total"] == 1
    assert cloud.get("jobs", startTime=began)["total"] == 1
    assert cloud.get("jobs", endTime=began - 1)["total"] == 1
    assert cloud.get("jobs", creators="someone")["total"] == 0
    assert len(cloud.get("jobs", pageSize=1, pageNum=1)["jobs"]) == 1


def test_a_save_job_requires_a_running_machine(cloud: Any) -> None:
    key = cloud.machine()
    body = {"instanceId": key, "image": "a/b:1"}
    assert cloud.refuses("job/save/image", body) == "OPERATION_LIMIT"
    cloud.pass_(100)
    assert cloud.refuses("job/save/image", body | {"registryAuthId": "no"}) == "RESOURCE_NOT_FOUND"
    absent = cloud.refused("POST", "job/save/image", json=body | {"instanceId": "no"})
    assert absent == (404, "RESOURCE_NOT_FOUND")
    assert cloud.refused_field("job/save/image", body | {"image": ""}) == "image"
