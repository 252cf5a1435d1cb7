"""Landing: accepted rows as immutable Parquet, the receipt log, remarks on what is not accepted.

`ingest` brings the inbox up to date, `withdraw` takes a file back, `overlay` shows what files would do.
"""

from school_quality.landing.ingest import ingest
from school_quality.landing.landed import keep_up
from school_quality.landing.preview import Overlay, overlay
from school_quality.landing.receipts import Receipt
from school_quality.landing.report import IngestReport
from school_quality.landing.withdrawal import withdraw

__all__ = ["IngestReport", "Overlay", "Receipt", "ingest", "keep_up", "overlay", "withdraw"]
