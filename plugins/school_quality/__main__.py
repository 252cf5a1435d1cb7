"""``python -m school_quality`` is the command ``school-quality``."""

from school_quality.cli import main

main(prog_name="school-quality")
