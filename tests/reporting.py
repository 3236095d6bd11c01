"""What the stories of the reports share: a company of three people, and deals written by hand."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from tests.records_given import deal_text

PEOPLE = """\
users:
  ana-ruiz: {name: Ana Ruiz, email: ana@contoso.example, team: iberia}
  luis: {name: Luis Gil, team: iberia}
  sara: {name: سارا احمدی, team: export, active: false}
teams:
  iberia: {name: Iberia, manager: luis}
  export: {}
"""
RATES = "exchange_rates: {USD: {2026-01-01: 0.8, 2026-11-01: 0.9}}\n"
_NUMBERS = count(10_000)


def staff(root: Path, more: str = "") -> Path:
    """Give a pipeline its people; `more` are other settings."""
    settings = root / "pipecli.yaml"
    head, _, rest = settings.read_text(encoding="utf-8").partition("users:")
    text = f"{head}{PEOPLE}{rest[rest.index('processes:') :]}{more}"
    settings.write_text(text, encoding="utf-8")
    return root


def deal(
    root: Path,
    extra: str = "",
    *,
    status: str = "open",
    stage: str = "propose",
    owner: str | None = "ana-ruiz",
    created: str = "2026-09-01T10:00:00+02:00",
    title: str = "Deal",
    key: str = "",
    currency: str = "EUR",
) -> str:
    """Write an opportunity's file; its id."""
    key = key or f"OPP-{next(_NUMBERS)}"
    folder = root / "opportunities" / "2026"
    folder.mkdir(parents=True, exist_ok=True)
    text = deal_text(
        key, f"{extra}\n", created=created, title=f"'{title}'", stage=stage, status=status, owner=owner,
        currency=currency,
    )  # fmt: skip
    (folder / f"{key}-deal.yaml").write_text(text, encoding="utf-8")
    return key


def won(root: Path, day: str, amount: str, **more: str | None) -> str:
    return deal(root, f"closed: {{date: {day}, amount: {amount}}}", status="won", **more)  # type: ignore[arg-type]


def lost(root: Path, day: str, amount: str = "", closed: str = "reason: price", **more: str | None) -> str:
    worth = f"amount: {amount}\n" if amount else ""
    extra = str(more.pop("extra", ""))
    return deal(root, f"{worth}{extra}closed: {{date: {day}, {closed}}}", status="lost", **more)  # type: ignore[arg-type]
