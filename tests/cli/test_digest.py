"""`digest`: the week on one page, printed, and sent once in the language of each reader."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads
from tests.servers import mail_server, nobody

pytestmark = [
    pytest.mark.usefixtures("week"),
    # apprise looks for a module that Python 3.13 has no more.
    pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning"),
]


def _deal(number, title, rest):
    return (
        f"id: OPP-{number}\ncreated: 2026-11-01T10:00:00+01:00\ntitle: '{title}'\nprocess: standard\n"
        f"currency: EUR\nowner: ana-ruiz\n{rest}\n"
    )


@pytest.fixture
def week(root, git, monkeypatch, tmp_path):
    """A deal that moved and one that was won since the 14th, a new one of Luis's, and one left alone."""
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21")
    monkeypatch.setenv("PIPECLI_CONFIG", str(tmp_path / "config.toml"))
    for name in ("HOST", "PORT", "SECURITY", "FROM", "USER"):
        monkeypatch.delenv(f"PIPECLI_SMTP_{name}", raising=False)
    monkeypatch.delenv("PIPECLI_CHANNEL", raising=False)

    def commit(day, files):
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        with monkeypatch.context() as clock:
            for role in ("AUTHOR", "COMMITTER"):
                clock.setenv(f"GIT_{role}_DATE", f"{day}T12:00:00+0100")
            git("add", "-A")
            git("commit", "-q", "--allow-empty", "-m", day)

    settings = (root / "pipecli.yaml").read_text()
    users = "  luis: {name: Luis Gil, email: luis@contoso.example, team: iberia, language: es}\n"
    targets = "targets: {2026-Q4: {ana-ruiz: 5000}}"
    settings = settings.replace("teams: {}", f"{users}teams: {{iberia: {{}}}}")
    settings = settings.replace("targets: {}", targets) if "targets: {}" in settings else settings + targets
    folder = "opportunities/2026/11"
    first = f"{folder}/OPP-10001-bars.yaml"
    with monkeypatch.context() as clock:
        for role in ("AUTHOR", "COMMITTER"):
            clock.setenv(f"GIT_{role}_DATE", "2026-11-01T12:00:00+0100")
        git("commit", "-q", "--amend", "--no-edit", "--date", "2026-11-01T12:00:00+0100")
    commit(
        "2026-11-10",
        {
            "pipecli.yaml": settings,
            first: _deal("10001", "Six bars", "stage: demo\namount: 1000\nexpected_close: 2026-12-01"),
            f"{folder}/OPP-10002-hotel.yaml": _deal(
                "10002", "Hotel @everyone", "stage: commit\namount: 3000\nexpected_close: 2026-11-20"
            ),
        },
    )
    commit(
        "2026-11-18",
        {
            first: _deal("10001", "Six bars", "stage: propose\namount: 1000\nexpected_close: 2026-12-01"),
            f"{folder}/OPP-10002-hotel.yaml": _deal(
                "10002", "Hotel @everyone", "stage: commit\namount: 3000\nstatus: won\n"
                "closed: {date: 2026-11-18, amount: 2900}"
            ),
            f"{folder}/OPP-10003-cinema.yaml": _deal("10003", "Cinema", "stage: qualify").replace(
                "ana-ruiz", "luis"
            ),
        },
    )  # fmt: skip


def test_below_the_forecast_stands_what_it_leaves_out(cli):
    cli("opp", "hold", "OPP-10001", "--until", "2027-01-10")
    cli("opp", "won", "OPP-10003", "--amount", "70")  # Luis's, who has no target
    note = "won of it: by those who have a target; apart, 1 deal on hold: 1,000.00 EUR"
    for form in ("table", "markdown"):
        assert f"\n{note}\n" in cli("digest", "--format", form).out


def test_the_week_on_one_page(cli):
    page = cli("digest").out

    assert page.startswith("Contoso: from 2026-11-15 to 2026-11-21\n")
    rows = [line.split() for line in page.splitlines()]
    assert ["opening", "2", "4,000.00", "2,950.00"] in rows
    assert ["won", "1", "-2,900.00", "-2,610.00"] in rows
    assert ["closing", "2", "1,000.00", "500.00"] in rows
    assert ["2026-Q4", "1", "500.00", "2,900.00", "5,000.00", "58.0", "%"] in rows  # against the target
    assert ["Ana", "Ruiz", "OPP-10001", "Six", "bars", "demo", "→", "propose"] in rows
    untouched = page[page.index("Untouched") :]
    assert "OPP-10001" in untouched and "OPP-10003" in untouched and "OPP-10002" not in untouched

    plain = loads(cli("digest", "--format", "json").out)
    assert plain["opening"]["amount"] + sum(b["amount"] for b in plain["buckets"].values()) == 1000
    assert [(deal["id"], deal["amount"]) for deal in plain["won"]] == [("OPP-10002", Decimal(2900))]
    assert cli("digest", "--format", "markdown").out.startswith("# Contoso: from 2026-11-15")

    team = loads(cli("digest", "--team", "iberia", "--format", "json").out)
    assert [team["opening"]["deals"], team["closing"]["deals"], team["won"]] == [0, 1, []]
    assert "Nothing was won." in cli("digest", "--since", "2026-11-20").out


def test_it_is_mailed_once_in_the_language_of_its_reader(cli, root, git, monkeypatch):
    settings = root / "pipecli.yaml"
    spanish = settings.read_text()
    settings.write_text(spanish.replace("language: es", "language: fa"))
    persian = cli("digest", "--email", "luis", "--dry-run").out
    assert "\u2068تغییر\u2069" in persian and not set("·◌") & set(persian)
    settings.write_text(spanish)
    before = git("for-each-ref")
    said = cli("digest", "--email", "luis", "--email", "boss@contoso.example", "--dry-run")
    assert "To: luis, by mail\nSubject: Contoso: del 15 de noviembre de 2026" in said.out
    assert "To: boss@contoso.example, by mail\nSubject: Contoso: from 2026-11-15" in said.out
    assert git("for-each-ref") == before

    assert "PIPECLI_SMTP_HOST is not set" in cli("digest", "--email", "luis", code=1).err
    monkeypatch.setenv("PIPECLI_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("PIPECLI_SMTP_SECURITY", "none")
    monkeypatch.setenv("PIPECLI_SMTP_PORT", str(nobody()))
    assert "couldn't be delivered" in cli("digest", "--email", "luis", code=1).err
    assert '"code": "not-sent"' in cli("digest", "--email", "luis", "--format", "json", code=1).err
    with mail_server() as mails:
        monkeypatch.setenv("PIPECLI_SMTP_PORT", str(mails.port))
        for _ in range(2):
            said = cli("digest", "--email", "luis", "--email", "boss@contoso.example")
            assert (said.out, said.err) == ("", "")
    theirs = {mail["To"]: mail for mail in mails.taken}
    assert [len(mails.taken), set(theirs)] == [2, {"luis@contoso.example", "boss@contoso.example"}]
    spanish = theirs["luis@contoso.example"]
    page = spanish.get_body(("html",)).get_content()
    assert '<html lang="es" dir="ltr">' in page and "1.000,00" in page
    assert "Hotel @\u200beveryone" in spanish.get_body(("plain",)).get_content()


def test_it_goes_through_a_channel_too(cli, hooks, monkeypatch, refused):
    monkeypatch.setenv("PIPECLI_CHANNEL_SALES", hooks.url("sales"))
    assert "no channel" in refused("digest", "--to", "luis")
    tried = cli("digest", "--to", "sales", "--dry-run").out
    assert tried.startswith("To: sales, through the channel sales\nSubject: ")
    assert "unknown user nobody" in refused("digest", "--email", "nobody")
    for _ in range(2):
        cli("digest", "--to", "sales")
    assert hooks.titles == ["Contoso: from 2026-11-15 to 2026-11-21"]
    assert cli("digest", "--to", "sales", "--dry-run").out == ""
    cli("digest", "--to", "sales", "--since", "2026-11-19")  # another question
    assert len(hooks.taken) == 2
