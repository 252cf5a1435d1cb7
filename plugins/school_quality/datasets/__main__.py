"""``python -m school_quality.datasets`` writes every file that is made of the declarations."""

import sys

from school_quality.datasets import generated

if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in generated.write())
