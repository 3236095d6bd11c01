"""A pipeline left to cron: mail comes in, people plan and forget, and an oracle knows what each day brings.

The oracle is told what happens in the world; it reads no file of the pipeline and uses no code of pipecli.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Madrid")
OFFICE = "crm@contoso.example"

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_OFFSETS = [timezone(timedelta(hours=hours)) for hours in (-8, -3, 0, 1, 5.5, 9)]

Cli = Callable[..., str]
"""Runs pipecli, sees that it ends well, and gives what it printed."""


@dataclass
class Task:
    """An open activity; `name` is in its subject."""

    name: str
    day: date


@dataclass
class Deal:
    """What the oracle knows of an opportunity."""

    key: str
    owner: str | None
    words: list[tuple[datetime, str]] = field(default_factory=list)
    """When somebody said something, `in` or `out`."""
    next_contact: date | None = None
    tasks: dict[str, Task] = field(default_factory=dict)
    """By id."""
    closed: date | None = None
    """The day on which it had to close."""
    is_lost: bool = False
    mails: list[str] = field(default_factory=list)

    @property
    def contact(self) -> str:
        return f"c-{self.key.lower()}"

    @property
    def is_open(self) -> bool:
        return self.closed is None and not self.is_lost

    def must_close(self, today: date, patience: int) -> bool:
        """The rule of auto-close, in other words than the program's."""
        if not self.is_open or not self.words or self.tasks:
            return False
        if self.next_contact is not None and self.next_contact >= today:
            return False
        at, direction = max(self.words)
        return direction == "out" and at.astimezone(ZONE).date() + timedelta(patience) <= today

    def due(self, today: date) -> list[str]:
        """What its owner is to be reminded of."""
        found = [f"{self.key} task: Do {task.name}" for task in self.tasks.values() if task.day <= today]
        if self.next_contact is not None and self.next_contact <= today:
            found.append(f"{self.key} next contact")
        return found if self.is_open and self.owner else []


class World:
    """Customers who write or don't, and salespeople who plan or forget; the same for the same seed."""

    def __init__(self, sellers: Mapping[str, str], patience: int, seed: int = 1) -> None:
        self.sellers = sellers
        """The mail addresses of the users."""
        self.patience = patience
        """Days without an answer until a deal closes."""
        self.deals: dict[str, Deal] = {}
        self.news: Counter[str] = Counter()
        """What there is to tell, as `closed OPP-2Q8XA`."""
        self.chance = random.Random(seed)
        self._names = 0

    def name(self) -> str:
        """Five characters that nothing else has; also the id of an activity."""
        self._names += 1
        return "Z" + "".join(_LETTERS[self._names // 32**place % 32] for place in (3, 2, 1, 0))

    def add(self, deal: Deal) -> None:
        self.deals[deal.key] = deal

    def give_a_past(self, deal: Deal, first: date) -> None:
        """Let things have happened to a deal before the first day."""
        for _ in range(self.chance.randint(0, 3)):
            at = self._moment(first - timedelta(days=self.chance.randint(0, self.patience + 3)))
            deal.words.append((at, self.chance.choice(["out", "out", "in"])))
        plan = first + timedelta(days=self.chance.randint(-3, self.patience + 3))
        match self.chance.randint(0, 5):
            case 0:
                deal.next_contact = plan
            case 1:
                deal.tasks[self.name()] = Task(self.name(), plan)

    def lines(self, deal: Deal) -> str:
        """What a deal's file says of all this."""
        lines = [f"contacts:\n- contact: {deal.contact}\n  primary: true\n"]
        if deal.next_contact:
            lines.append(f"next_contact:\n  date: {deal.next_contact}\n")
        if deal.words or deal.tasks:
            lines.append("activities:\n")
        for at, direction in deal.words:
            lines.append(
                f"- id: {self.name()}\n  type: call\n  at: {at.isoformat()}\n  subject: Call\n"
                f"  direction: {direction}\n  done: true\n"
            )
        for key, task in deal.tasks.items():
            lines.append(f"- id: {key}\n  type: task\n  at: {task.day}\n  subject: Do {task.name}\n")
        return "".join(lines)

    def contact_lines(self, deal: Deal) -> str:
        return f"id: {deal.contact}\nname: Client of {deal.key}\nemails: [{deal.contact}@client.example]\n"

    def mails(self, today: date, count: int, maildir: Path) -> set[str]:
        """Put the mail of the last 24 hours into a Maildir; the deals on which it must be recorded."""
        recorded = set()
        for deal in self.chance.choices(list(self.deals.values()), k=count):
            at, kind = self._moment(today), self.chance.choice(["out", "out", "in", "automatic"])
            answered = deal.mails[-1] if deal.mails and self.chance.random() < 0.5 else None
            name = self.name()
            _put(maildir, self._mail(deal, at, kind, name, answered), name)
            if not deal.is_open and answered is None:
                continue  # nobody can know that it is about a deal which is over
            recorded.add(deal.key)
            deal.mails.append(name)
            if kind != "automatic":
                deal.words.append((at, kind))
                if deal.next_contact and deal.next_contact <= min(today, at.date()):
                    deal.next_contact = None  # it took place
        return recorded

    def _moment(self, day: date) -> datetime:
        """A minute of the 24 hours before six in the morning of a day, on a clock anywhere on earth."""
        at = datetime.combine(day, time(6), ZONE) - timedelta(minutes=self.chance.randint(1, 24 * 60))
        return at.astimezone(self.chance.choice(_OFFSETS))

    def _mail(self, deal: Deal, at: datetime, kind: str, name: str, answered: str | None) -> EmailMessage:
        ours = self.sellers.get(deal.owner or "", OFFICE)
        theirs = f"{deal.contact}@client.example"
        mail = EmailMessage()
        mail["From"], mail["To"] = (ours, theirs) if kind == "out" else (theirs, ours)
        mail["Date"], mail["Subject"] = format_datetime(at), "The offer"
        mail["Message-ID"] = f"<{name}@mail.example>"
        if answered:
            mail["References"] = f"<{answered}@mail.example>"
        if kind == "automatic":
            mail["Auto-Submitted"] = "auto-replied"
        mail.set_content("Dear all")
        return mail

    def work(self, today: date, cli: Cli, count: int) -> None:
        """What salespeople do on a day, by the shell."""
        for deal in self.chance.sample([each for each in self.deals.values() if each.is_open], count):
            day = today + timedelta(days=self.chance.randint(0, 9))
            match self.chance.randint(0, 3):
                case 0:
                    deal.next_contact = day
                    cli("opp", "set", deal.key, f"next_contact.date={day}")
                case 1 if deal.tasks:
                    key, _ = deal.tasks.popitem()
                    cli("activity", "done", deal.key, key)
                case 2:
                    deal.is_lost = True
                    self.news[f"lost {deal.key}"] += 1
                    cli("opp", "lost", deal.key, "--reason", "price")
                case _:
                    task = Task(self.name(), day)
                    planned = f"--type=task --at={day} --by={deal.owner} --format=ids".split()
                    key = cli("activity", "add", deal.key, f"--subject=Do {task.name}", *planned).strip()
                    deal.tasks[key] = task

    def closing(self, today: date) -> set[str]:
        """The deals that must close on a day; from then on the oracle knows them as closed."""
        found = {key for key, deal in self.deals.items() if deal.must_close(today, self.patience)}
        for key in found:
            self.deals[key].closed = today
            self.news[f"closed {key}"] += 1
        return found

    def due(self, today: date) -> Counter[str]:
        """Of what somebody must be reminded on a day, each once."""
        return Counter(each for deal in self.deals.values() for each in deal.due(today))


class Office:
    """A machine on which cron runs, and what its runs must have done."""

    def __init__(self, root: Path, world: World, cli: Cli, maildir: Path) -> None:
        self.root, self.world, self.cli, self.maildir = root, world, cli, maildir

    def morning(self, today: date, mailed: set[str], came: Sequence[str]) -> None:
        """Run the lines of cron that change something, and see that they did what they must, and no more.

        `mailed` are the deals that mail came in for, `came` those that are new and nobody's.
        """
        before = self._git("rev-parse", "HEAD")
        read = self._json("inbox", "import", str(self.maildir))
        assert {each["record"] for each in read["recorded"]} == mailed
        given = self._json("assign")
        assert [each["id"] for each in given] == list(came)
        for each in given:
            self.world.deals[each["id"]].owner = each["owner"]
            self.world.news[f"assigned {each['id']}"] += 1

        must_close = self.world.closing(today)
        closed = self._json("auto-close")
        assert {each["id"] for each in closed} == must_close, today
        assert all(
            each["closed"] == {"date": today.isoformat(), "reasons": ["no-response"]} for each in closed
        )
        assert len({each["commit"] for each in closed}) == len(closed)
        files = self._git("diff", "--name-only", before, "HEAD").splitlines()
        touched = {match[0] for file in files if (match := re.search("OPP-.{5}", file))}
        assert touched == mailed | must_close | set(came)
        assert len(files) == len(touched)
        assert self._json("check") == []

    def again(self) -> None:
        """Run the same lines once more: they find nothing to do."""
        before = self._git("rev-parse", "HEAD")
        assert self._json("inbox", "import", str(self.maildir))["recorded"] == []
        assert self._json("assign") == self._json("auto-close") == []
        assert self._git("rev-parse", "HEAD") == before

    def closed_on(self) -> dict[str, Any]:
        """The day on which each deal closed by itself, of those that did."""
        listed = self._json("opp", "list", "--status", "closed")
        return {each["id"]: each["closed"]["date"] for each in listed}

    def _json(self, *arguments: str) -> Any:
        return json.loads(self.cli(*arguments, "--format", "json"))

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()


def reminded(bodies: Iterable[str]) -> Counter[str]:
    """What messages remind of, as `Deal.due` says it."""
    item = re.compile(r"^- (?:[\d-]+ )?(?:\(\d+ days? late\) )?(.*)\n  (OPP-.{5}) ", re.MULTILINE)
    return Counter(f"{key} {what}" for body in bodies for what, key in item.findall(body))


def told(messages: Iterable[tuple[str, str]]) -> Counter[str]:
    """What titles and bodies of messages tell, as `World.news` says it."""
    notice = re.compile(r"^ *(Closed by itself|Lost|Assigned)\b.*\n *(OPP-.{5}) ", re.MULTILINE)
    words = {"Closed by itself": "closed", "Lost": "lost", "Assigned": "assigned"}
    texts = (f"{title}\n{body}" for title, body in messages)
    return Counter(f"{words[what]} {key}" for text in texts for what, key in notice.findall(text))


def _put(maildir: Path, mail: EmailMessage, name: str) -> None:
    (maildir / "new").mkdir(parents=True, exist_ok=True)
    for folder in ("cur", "tmp"):
        (maildir / folder).mkdir(exist_ok=True)
    (maildir / "new" / name).write_bytes(mail.as_bytes())
