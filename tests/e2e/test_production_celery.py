"""The production deployment with Celery: two workers, one of which is killed in each step of a run."""

from __future__ import annotations

import pytest

from e2e.deployment import CELERY, Deployment
from e2e.test_production import check_that_kills_are_survived

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.seconds(340)]


@pytest.mark.parametrize("deployment", [CELERY], indirect=True, ids=["CeleryExecutor"])
def test_a_release_is_made_though_a_worker_is_killed_in_each_of_its_steps(deployment: Deployment) -> None:
    check_that_kills_are_survived(deployment)
