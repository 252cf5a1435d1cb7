"""What lies beside a checkout of ours and not in a fresh clone: the folder ``shared``."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
ABSENT = "../shared is not beside this checkout"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=ABSENT)
