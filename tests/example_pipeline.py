"""The sample pipeline with what the examples of `--help` name: tests, torture and hostile clone type them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

FILES = {
    "customers/unused.yaml": "id: unused\nname: Unused\n",
    "contacts/nobody.yaml": "id: nobody\nname: Nobody\n",
    "suppliers/unused.yaml": "id: unused\nname: Unused\n",
    "competitors/unused.yaml": "id: unused\nname: Unused\n",
    "products/unused.yaml": "sku: unused\nname: Unused\n",
    "price-lists/unused.yaml": "id: unused\ncurrency: EUR\n",
    "literature/brochure.yaml": "id: brochure\ntitle: The range\nurl: https://contoso.example/range.pdf\n",
}
BESIDE = {
    "customers.csv": "name,email\nHotel Sol,info@hotelsol.example\n",
    "deals.csv": "Name,Amount\nTwo grinders,1190\n",
    "map.yaml": "columns: {Name: title, Amount: amount}\n",
    "base.yaml": "id: nave-14\nname: Nave 14\n",
    "ours.yaml": "id: nave-14\nname: Nave 14\nindustry: coworking\n",
    "theirs.yaml": "id: nave-14\nname: Nave 14\ncountry: ES\n",
    "mail/one.eml": "From: Raul <raul@astoria.example>\nTo: Ana <ana@contoso.example>\nSubject: Hello\n"
    "Date: Fri, 20 Nov 2026 10:00:00 +0100\nMessage-ID: <a@astoria.example>\n\nYes, please.\n",
}
"""Files of a person's own, that no commit has."""
COMMANDS = (
    "user add unused --name Unused",
    "team add nowhere",
    "opp competitor add roastery torino-espresso",
    "opp add Service-visit --customer ciclos-ribera --type maintenance",
    "opp add Yearly-check --customer ciclos-ribera --type maintenance",
    "opp step done yearly-check look",
    "opp hold coworking --until +30d",
    "quote accept saint-just",
    "quote new coworking",
    "attach hospital deals.csv map.yaml",
    "supplier-quote new cinemas --supplier molinos-valles",
    "invoice new tostadores",
    "invoice new nunez",
    "invoice issue nunez --alone",
)


def prepare(root: Path, run: Callable[[list[str]], object]) -> None:
    """Add to the sample pipeline in `root` what the examples name, each thing by a commit."""
    write(root, FILES)
    write(root, BESIDE)
    for words in (["add", *FILES], ["commit", "-qm", "Drafts, and what may be removed"]):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)
    for command in COMMANDS:
        run(command.split())


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
