"""The remedy for an image that cannot be pulled, for different words of the service."""

from __future__ import annotations

import pytest

from novita_infra.kinds.toolkit.image_pulls import REMEDY, pull_remedy
from novita_infra.model.resources import Live, Phase


def failed(trouble: str) -> Live:
    return Live("i-1", name="a", phase=Phase.FAILED, status="error", values={}, trouble=trouble)


@pytest.mark.parametrize(
    "trouble",
    [
        "ImagePullFailed: image acme/a:1 cannot be pulled: manifest unknown",
        "ImagePullFailed",
        "workers w-1, w-2: ImagePullBackOff: no such tag",
        "ErrImagePull: rpc error: code = NotFound: manifest for acme/a:1 not found",
        "pull acme/a:1: unauthorized: authentication required",
        "Error response from daemon: pull access denied for acme/a, repository does not exist",
        'InvalidImageName: couldn\'t parse image name "Acme/A"',
        "manifest unknown",
    ],
)
def test_an_image_that_cannot_be_pulled_is_to_be_corrected_first(trouble: str) -> None:
    assert pull_remedy(failed(trouble)) == REMEDY


@pytest.mark.parametrize(
    "trouble",
    [
        "",
        "ContainerExited: the container exited with code 3",
        "ContainerExited: GET /v1/pulls: unauthorized",
        "ImagePullFailed: toomanyrequests: You have reached your pull rate limit",
        "pull acme/a:1: dial tcp 10.0.0.1:443: i/o timeout",
        "ImagePullFailed: no space left on device",
    ],
)
def test_what_is_no_fault_of_the_image_or_passes_by_itself_gets_no_such_advice(trouble: str) -> None:
    assert pull_remedy(failed(trouble)) == ""
