"""The module of currencies is what its script writes from the locked releases of Babel and iso4217."""

from __future__ import annotations

import runpy
from pathlib import Path

from pipecli.records import currency_codes

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "currencies.py"


def test_the_module_is_as_its_script_writes_it():
    written = Path(currency_codes.__file__).read_text(encoding="utf-8")
    assert written == runpy.run_path(str(SCRIPT))["module"](), "run .venv/bin/python .ci/currencies.py"
