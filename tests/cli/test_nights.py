"""Nights of running two systems: the export changes a little each night, and people work in between.

What each field must be is told by a small oracle, field by field: what the file says as it said then is no
change, what people changed stays, what the file alone changed is taken.
"""

from __future__ import annotations

import csv
import io
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from ryaml import loads

from tests.conftest import Cli
from tests.importing import Git, state

pytestmark = pytest.mark.usefixtures("at_a_desk")

STAGES = {
    "Prospecting": "prospecting",
    "Needs Analysis": "needs-analysis",
    "Negotiation/Review": "negotiation-review",
}
ENDS = {"Closed Won": "won", "Closed Lost": "lost"}
Said = dict[str, Any]
Fields = dict[str, Any]


class Vendor:
    """The other system, which changes a little every day."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.tables: dict[str, dict[str, dict[str, str]]] = {
            name: {} for name in ("Account", "Contact", "Opportunity", "OpportunityLineItem", "Task")
        }
        self.users = {"005A": "Nora Field", "005B": "Ian Hall"}
        for _ in range(4):
            self.add_account()
        for _ in range(8):
            self.add_deal()
        self.add_task()

    def new_id(self, prefix: str, table: str) -> str:
        return f"{prefix}{len(self.tables[table]):05d}A"

    def add_account(self) -> None:
        key = self.new_id("001", "Account")
        number = len(self.tables["Account"])
        self.tables["Account"][key] = {"Name": f"Firm {number}", "Phone": f"+49 30 {number}", "Website": ""}
        person = self.new_id("003", "Contact")
        self.tables["Contact"][person] = {
            "AccountId": key, "FirstName": "Mia", "LastName": f"Berg {'abcdefghijklmnop'[number]}",
            "Email": f"mia{number}@firm.example", "Title": "",
        }  # fmt: skip

    def add_deal(self) -> None:
        key = self.new_id("006", "Opportunity")
        self.tables["Opportunity"][key] = {
            "AccountId": self.chance.choice([*self.tables["Account"]]),
            "OwnerId": self.chance.choice([*self.users]),
            "Name": f"Deal {len(self.tables['Opportunity'])}",
            "StageName": self.chance.choice([*STAGES]),
            "Amount": str(self.chance.randrange(1, 90) * 100),
            "CloseDate": f"2026-12-{self.chance.randrange(1, 28):02d}",
            "CreatedDate": "2026-01-05T10:00:00Z", "NextStep": "", "Description": "",
        }  # fmt: skip
        for _ in range(self.chance.randrange(3)):
            line = self.new_id("00k", "OpportunityLineItem")
            self.tables["OpportunityLineItem"][line] = {
                "OpportunityId": key, "Quantity": str(self.chance.randrange(1, 9)),
                "UnitPrice": str(self.chance.randrange(1, 99)), "Description": f"Line {line}",
            }  # fmt: skip

    def day(self) -> None:
        """A few changes."""
        change = self.chance
        deals, firms = self.tables["Opportunity"], self.tables["Account"]
        for deal in change.sample([*deals.values()], 3):
            what = change.choice(
                ["Name", "Amount", "CloseDate", "NextStep", "OwnerId", "StageName", "AccountId"]
            )
            deal[what] = {
                "Name": deal["Name"] + "!", "Amount": str(change.randrange(1, 90) * 100),
                "CloseDate": f"2026-12-{change.randrange(1, 28):02d}", "NextStep": f"Step {change.random()}",
                "OwnerId": change.choice([*self.users]), "AccountId": change.choice([*firms]),
                "StageName": change.choice([*STAGES, *ENDS]),
            }[what]  # fmt: skip
        change.choice([*firms.values()])["Phone"] = f"+49 40 {change.randrange(1000)}"
        change.choice([*self.tables["Contact"].values()])["Title"] = f"Head {change.randrange(1000)}"
        if lines := self.tables["OpportunityLineItem"]:
            change.choice([*lines.values()])["Quantity"] = str(change.randrange(1, 99))
        self.add_task()
        change.choice([*self.tables["Task"].values()])["Description"] = f"Said {change.randrange(1000)}"
        if change.random() < 0.5:
            self.add_deal()
        if change.random() < 0.2:
            self.add_account()

    def add_task(self) -> None:
        task = self.new_id("00T", "Task")
        self.tables["Task"][task] = {
            "WhatId": self.chance.choice([*self.tables["Opportunity"]]), "Subject": f"Call {task}",
            "ActivityDate": "2026-11-02", "Status": "Completed", "Description": "",
        }  # fmt: skip

    def write(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        users = "Id,Name,Email\n" + "".join(f"{key},{name},\n" for key, name in self.users.items())
        (folder / "User.csv").write_text(users)
        for name, rows in self.tables.items():
            out = io.StringIO()
            columns = ["Id", *next(iter(rows.values()), {})]
            writer = csv.DictWriter(out, columns)
            writer.writeheader()
            for key, row in rows.items():
                cells = dict(row)
                writer.writerow({"Id": key, **cells})
            if rows:
                (folder / f"{name}.csv").write_text(out.getvalue())


class Oracle:
    """What each record must be after a night, from the export and what people left, and nothing else."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.base: dict[str, Fields] = {}
        """By external id, what the file last said, as far as it is written."""
        self.slugs: dict[str, str] = {}
        """Of accounts and people, by external id, at their import."""
        self.survivors: dict[str, str] = {}

    def here(self) -> dict[str, Fields]:
        """The records of the pipeline, flat, by external id; a part is `opportunity/part`."""
        records: dict[str, Fields] = {}
        for folder in ("opportunities", "customers", "contacts"):
            for file in self.root.glob(f"{folder}/**/*.yaml"):
                plain = loads(file.read_text())
                if "external_id" not in plain:
                    continue
                key = plain["external_id"]
                if folder == "opportunities":
                    plain.setdefault("status", "open")
                records[key] = flat({k: v for k, v in plain.items() if k not in ("items", "activities")})
                for list_ in ("items", "activities"):
                    for part in plain.get(list_, ()):
                        if "external_id" in part:
                            records[f"{key}/{part['external_id']}"] = flat(part)
        return records

    def told(self, vendor: Vendor) -> dict[str, Fields]:
        """What the export says of each record, in our fields; None for what it says is empty."""
        slug = self.slug_now
        said: dict[str, Fields] = {}
        for key, row in vendor.tables["Account"].items():
            said[key] = {"name": row["Name"], "phone": row["Phone"], "website": row["Website"] or None}
        for key, row in vendor.tables["Contact"].items():
            said[key] = {
                "name": f"{row['FirstName']} {row['LastName']}", "customer": slug(row["AccountId"]),
                "emails": [row["Email"]], "title": row["Title"] or None,
            }  # fmt: skip
        for key, row in vendor.tables["Opportunity"].items():
            end = ENDS.get(row["StageName"])
            said[key] = {
                "title": row["Name"], "customer": slug(row["AccountId"]), "amount": float(row["Amount"]),
                "owner": vendor.users[row["OwnerId"]].lower().replace(" ", "-"),
                "custom.next_step": row["NextStep"] or None, "status": end or "open",
                "stage": {"won": "negotiation-review", "lost": "prospecting"}.get(end or "", "")
                or STAGES[row["StageName"]],
                "expected_close": None if end else row["CloseDate"],
                "closed.date": row["CloseDate"] if end else None,
                "closed.amount": float(row["Amount"]) if end == "won" else None,
                "closed.stage": "unknown" if end else None,
                "closed.reasons": ["unknown"] if end == "lost" else None,
            }  # fmt: skip
        for key, row in vendor.tables["OpportunityLineItem"].items():
            said[f"{row['OpportunityId']}/{key}"] = {
                "quantity": float(row["Quantity"]), "unit_price": float(row["UnitPrice"]),
                "description": row["Description"],
            }  # fmt: skip
        for key, row in vendor.tables["Task"].items():
            said[f"{row['WhatId']}/{key}"] = {"subject": row["Subject"], "notes": row["Description"] or None}
        return said

    def slug_now(self, external: str) -> str:
        slug = self.slugs[external]
        while slug in self.survivors:
            slug = self.survivors[slug]
        return slug

    def after(self, here: dict[str, Fields], told: dict[str, Fields]) -> tuple[dict[str, Fields], int]:
        """The records as they must be after the night, and the fields that both sides changed."""
        expected = {key: dict(fields) for key, fields in here.items()}
        clashes = 0
        for key, said in told.items():
            base = self.base.get(key)
            if base is None and "/" in key and key.split("/")[0] not in expected:
                continue  # its record is removed
            if base is None:
                expected[key] = {field: value for field, value in said.items() if value is not None}
                continue
            own = expected.get(key)
            if own is None:  # removed or merged here
                clashes += "/" in key and key.split("/")[0] in expected and said != base
                continue
            if said.get("closed.stage") and not own.get("closed.stage"):  # where it stood is known here
                said = {
                    field: value for field, value in said.items() if field not in ("stage", "closed.stage")
                }
            status = said.get("status"), own.get("status"), base.get("status")
            if status[0] == status[1] != status[2]:  # closed on both sides, each in its way
                closing = {field for field in said if field.startswith("closed.")}
                clashes += any(said[field] != own.get(field) for field in closing)
                said = {field: value for field, value in said.items() if field not in closing}
            ours_alone = status[0] != status[1] and status[0] != status[2] and status[1] != status[2]
            together = set()
            for field, value in said.items():
                ours, then = own.get(field), base.get(field)
                if field == "customer" and then is not None:
                    then = self.survivors_of(then)
                if value in (then, ours):
                    continue
                if ours != then or (ours_alone and (field == "status" or field.startswith("closed."))):
                    together.add(field.split(".")[0] if ours_alone else field)
                    continue
                own.pop(field, None)
                if value is not None:
                    own[field] = value
            clashes += len(together)
        return expected, clashes

    def survivors_of(self, slug: str) -> str:
        while slug in self.survivors:
            slug = self.survivors[slug]
        return slug

    def remember(self, before: dict[str, Fields], after: dict[str, Fields], told: dict[str, Fields]) -> None:
        """Note what is written now as what the file said."""
        for key, said in told.items():
            now = after.get(key)
            if now is None:
                continue
            if key not in self.base:
                self.base[key] = {field: now.get(field) for field in said}
                continue
            for field in said:
                if now.get(field) != before.get(key, {}).get(field):
                    self.base[key][field] = now.get(field)


def flat(plain: Said, above: str = "") -> Fields:
    fields: Fields = {}
    for key, value in plain.items():
        if isinstance(value, dict):
            fields |= flat(value, f"{above}{key}.")
        else:
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            fields[above + key] = float(value) if is_number else value
    return fields


class Office:
    """The people here, who work on in the meantime."""

    def __init__(self, cli: Cli, root: Path, oracle: Oracle, chance: random.Random) -> None:
        self._cli, self.root, self.oracle, self.chance = cli, root, oracle, chance

    def cli(self, *arguments: str) -> bool:
        """True where it was done; a contact that a deal names can't be removed."""
        try:
            self._cli(*arguments)
        except AssertionError:
            return False
        return True

    def day(self) -> None:
        for _ in range(3):
            open_ = [
                plain
                for file in sorted(self.root.glob("opportunities/**/*.yaml"))
                if (plain := loads(file.read_text())).get("status", "open") == "open"
            ]
            if open_:
                self.work(self.chance.choice(open_))

    def work(self, deal: Said) -> None:
        id_ = deal["id"]
        what = self.chance.choice(
            "amount title owner close note advance lost won remove item person merge firm".split()
        )
        match what:
            case "amount":
                self.cli("opp", "set", id_, f"amount={self.chance.randrange(1, 90) * 100 + 5}")
            case "title":
                self.cli("opp", "set", id_, f"title=Ours {self.chance.randrange(1000)}")
            case "owner":
                self.cli("opp", "set", id_, f"owner={self.chance.choice(['ana-ruiz', ''])}")
            case "close":
                self.cli("opp", "set", id_, "expected_close=2027-01-31")
            case "note":
                self.cli("opp", "set", id_, f"notes=Ours {self.chance.randrange(1000)}", "tags=ours")
            case "advance" if deal["stage"] != "negotiation-review":
                self.cli("opp", "advance", id_)
            case "lost":
                self.cli("opp", "lost", id_, "--reason", "price")
            case "won":
                self.cli("opp", "won", id_, "--amount", "4711")
            case "remove" if self.chance.random() < 0.5:
                self.cli("opp", "remove", id_)
            case "item" if deal.get("items"):
                if self.chance.random() < 0.5:
                    self.cli("opp", "item", "remove", id_, "1")
                else:
                    self.cli("opp", "item", "set", id_, "1", "quantity=77")
            case "person":
                person = self.chance.choice(sorted(self.root.glob("contacts/*.yaml")))
                self.cli("contact", "remove", person.stem)
            case "firm":
                firm = self.chance.choice(sorted(self.root.glob("customers/*.yaml")))
                self.cli("customer", "set", firm.stem, f"phone=+1 {self.chance.randrange(1000)}")
            case "merge" if self.chance.random() < 0.5:
                firms = sorted(self.root.glob("customers/*.yaml"))
                if len(firms) > 2:
                    one, other = self.chance.sample(firms, 2)
                    if self.cli("customer", "merge", one.stem, other.stem):
                        self.oracle.survivors[one.stem] = other.stem


def nights(cli: Cli, root: Path, git: Git, seed: int, count: int) -> None:
    chance = random.Random(seed)
    vendor, oracle = Vendor(chance), Oracle(root)
    office = Office(cli, root, oracle, chance)
    for number in range(count):
        folder = Path(f"night-{number}")
        vendor.write(folder)
        if not number:
            cli("import", "plan", str(folder), "--into", "moves/s")
            for key in vendor.tables["Account"]:
                oracle.slugs[key] = f"firm-{int(key[3:8]) + 0}"
        for key, row in vendor.tables["Account"].items():
            oracle.slugs[key] = row["Name"].lower().replace(" ", "-")
        before = oracle.here()
        told = oracle.told(vendor)
        expected, clashes = oracle.after(before, told)
        out = json.loads(cli("import", "run", "moves/s", str(folder), "--format", "json").out)
        after = oracle.here()
        for key, fields in expected.items():
            got = after.get(key)
            assert got is not None, (seed, number, key, "is gone")
            differing = {f: (v, got.get(f)) for f, v in fields.items() if got.get(f) != v}
            extra = {f: got[f] for f in got.keys() - fields.keys() if f in told.get(key, {})}
            assert not differing, (seed, number, key, differing)
            assert not extra, (seed, number, key, extra)
        assert after.keys() == expected.keys(), (seed, number, after.keys() ^ expected.keys())
        kept = sum(
            tally["rows"]
            for file in out["files"]
            for tally in file["kept"]
            if tally["field"] != "the removal"
        )
        gone = sum(
            tally["rows"]
            for file in out["files"]
            for tally in file["left_out"]
            if "removed" in tally["column"]
        )
        assert gone == sum(key.split("/")[0] not in expected for key in told), (
            seed,
            number,
            "left out",
            gone,
        )
        assert kept == clashes, (seed, number, "clashes", kept, clashes, [f["kept"] for f in out["files"]])
        assert not any(file["rejected"] for file in out["files"]), (
            seed,
            number,
            [f["reasons"] for f in out["files"]],
        )
        assert not any(group["differing"] for one in out["reconciliation"] for group in one), (
            seed,
            number,
            out,
        )
        oracle.remember(before, after, told)
        still = state(git)
        cli("import", "run", "moves/s", str(folder))
        assert state(git) == still, (seed, number, "the same file again changes something")
        cli("check")
        vendor.day()
        office.day()


def test_nights_of_two_systems_bring_what_is_new_and_undo_nothing(cli: Cli, root: Path, git: Git) -> None:
    nights(
        cli,
        root,
        git,
        seed=int(os.environ.get("PIPECLI_SEED", 7)),
        count=int(os.environ.get("PIPECLI_NIGHTS", 5)),
    )
