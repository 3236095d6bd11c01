"""What the stories of `import` share: files on a desk beside the pipeline, and a look at what came."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ryaml import loads

Git = Callable[..., str]

DEALS = """\
ref,title,account,rep,product,stage,opened,closed,value
A1,,Contoso Coffee,Ana Ruiz,Cafe S-100,Won,20-10-16,01-03-17,"$2,400.00"
A2,,Fabrikam,ana@contoso.example,CafeS100,Lost,25-10-16,11-03-17,0
A3,,,Ana Ruiz,Cafe S-100,Open,,,
"""
MAPPING = """\
external_id: ref
date: "%d-%m-%y"
make: [customer]
set: {currency: USD, price_list: retail-usd}
templates:
  title: ["{product} for {account}", "{product}"]
columns:
  account: customer
  rep: owner
  product:
    to: items.product
    values: {CafeS100: Cafe S-100} # misspelt
  stage:
    values:
      Open: {stage: demo}
      Won: {status: won, stage: commit}
      Lost: {status: lost, stage: commit, closed: {reason: price}}
  opened: created
  closed:
    to: closed.date
    when: {stage: [Won, Lost]}
  value:
    to: closed.amount
    when: {stage: Won}
ignore: [title]
"""


def open_shop(root: Path, git: Git) -> Path:
    """Put one product into a pipeline, and a price list in dollars."""
    for folder in ("products", "price-lists"):
        (root / folder).mkdir()
    (root / "products/cafe-s-100.yaml").write_text("sku: cafe-s-100\nname: Cafe S-100\nkind: product\n")
    (root / "price-lists/retail-usd.yaml").write_text(
        "id: retail-usd\ncurrency: USD\nprices:\n  cafe-s-100: 2499.00\n"
    )
    git("add", ".")
    git("commit", "-qm", "a shop")
    return root


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def deals(root: Path) -> dict[str, dict[str, object]]:
    """What the files of opportunities say, by external id."""
    found = [loads(file.read_text()) for file in sorted(root.glob("opportunities/**/*.yaml"))]
    return {each["external_id"]: each for each in found}


def state(git: Git) -> str:
    """The commit, and what git says of the files."""
    return git("status", "--porcelain=v2", "--branch")
