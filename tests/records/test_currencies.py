"""The currencies and their names are what a script writes from the locked releases of Babel and iso4217."""

from __future__ import annotations

import runpy
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "currencies.py"


def test_the_codes_are_as_the_script_writes_them():
    script = runpy.run_path(str(SCRIPT))
    written = script["CODES"].read_text(encoding="utf-8")
    assert written == script["codes"](), "run .venv/bin/python .ci/currencies.py"


def test_the_names_are_as_the_script_writes_them():
    script = runpy.run_path(str(SCRIPT))
    written = script["NAMES"].read_text(encoding="utf-8")
    assert written == script["names"](), "run .venv/bin/python .ci/currencies.py"
