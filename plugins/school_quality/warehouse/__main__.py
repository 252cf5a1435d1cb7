"""``python -m school_quality.warehouse`` writes every file that is made of the contracts of the marts."""

import sys

from school_quality.warehouse import generated

if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in generated.write())
