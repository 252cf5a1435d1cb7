"""What a run does, step by step and without Airflow: for tests that look at a release and not at its run.

    python release.py DATA YEAR [MUNICIPALITY]

MUNICIPALITY limits the documents, as the parameter of the DAG does. The exit code is that of the command
``run``: 3 where rows were rejected.
"""

from __future__ import annotations

import sys
from pathlib import Path

from school_quality import pipeline, rights
from school_quality.settings import Settings
from school_quality.warehouse.publication.releases import Parameters, ReleaseInfo


def main(data: str, year: str, municipality: str | None = None) -> int:
    rights.take()
    settings = Settings(Path(data))
    pipeline.ingest(settings)
    pipeline.validate(settings)
    release = pipeline.build(settings, Parameters.of(int(year), municipality=municipality))
    assert isinstance(release, ReleaseInfo), release.message
    pipeline.publish(settings, release)
    return 3 if pipeline.has_rejections(settings) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
