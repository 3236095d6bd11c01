"""Quotations as they were sent are held against git."""

from __future__ import annotations

import subprocess
from datetime import UTC
from pathlib import Path

import pytest

from pipecli.checks import Severity
from pipecli.checks.check import check
from pipecli.history.pipeline_as_of import pipeline_as_of
from pipecli.store import git
from pipecli.store.location import find_location
from tests.checking import QUOTATION, SOUND, brief, found, write


def test_the_offer_of_a_sent_quotation_is_held_against_git(pipeline: Path) -> None:
    commit(pipeline)
    assert found(pipeline) == []
    write(
        pipeline,
        QUOTATION,
        SOUND[QUOTATION].replace("unit_price: 10", "unit_price: 10.00") + "notes: called\n",
    )
    assert found(pipeline) == []
    write(pipeline, QUOTATION, SOUND[QUOTATION].replace("unit_price: 10", "unit_price: 9"))

    assert brief(pipeline) == [(QUOTATION, 9, "frozen")]
    commit(pipeline)
    assert brief(pipeline) == [(QUOTATION, 9, "frozen")]


def test_a_quotation_that_was_a_draft_again_is_held_against_its_last_sending(pipeline: Path) -> None:
    commit(pipeline)
    draft = SOUND[QUOTATION].replace("sent", "draft").replace("unit_price: 10", "unit_price: 9")
    write(pipeline, QUOTATION, draft)

    (finding,) = found(pipeline)
    assert (finding.line, finding.rule, finding.severity) == (6, "sent-before", Severity.WARNING)
    commit(pipeline)
    assert found(pipeline) == [finding]
    write(pipeline, QUOTATION, draft.replace("draft", "sent"))
    commit(pipeline)

    (finding,) = found(pipeline)
    assert (finding.line, finding.rule) == (9, "sent-before")
    assert finding.message.startswith("items: QTN-AAAAA was sent before with another")


def test_a_draft_of_a_deal_that_was_lost_and_reopened_was_never_sent(pipeline: Path) -> None:
    draft = SOUND[QUOTATION].replace("sent", "draft")
    for text in (draft, SOUND[QUOTATION].replace("sent", "rejected"), draft):
        write(pipeline, QUOTATION, text)
        commit(pipeline)

    assert found(pipeline) == []


def test_what_is_sent_again_as_it_was_is_no_news(pipeline: Path) -> None:
    commit(pipeline)
    for text in (SOUND[QUOTATION].replace("sent", "draft"), SOUND[QUOTATION]):
        write(pipeline, QUOTATION, text)
        commit(pipeline)

    assert found(pipeline) == []


def test_what_another_system_offers_now_is_told_and_is_held_from_its_import_on(pipeline: Path) -> None:
    commit(pipeline)
    dearer = SOUND[QUOTATION].replace("unit_price: 10", "unit_price: 11")
    write(pipeline, QUOTATION, dearer)
    commit(pipeline, "Move in\n\nPipecli-Event: imported")

    (finding,) = found(pipeline)
    assert (finding.rule, finding.severity) == ("sent-before", Severity.WARNING)
    write(pipeline, QUOTATION, dearer.replace("unit_price: 11", "unit_price: 12"))
    assert brief(pipeline)[0] == (QUOTATION, 9, "frozen")


def test_an_import_that_leaves_the_offer_alone_excuses_nothing(pipeline: Path) -> None:
    commit(pipeline)
    cheaper = SOUND[QUOTATION].replace("unit_price: 10", "unit_price: 9")
    write(pipeline, QUOTATION, cheaper)
    commit(pipeline)
    write(pipeline, QUOTATION, cheaper + "notes: called\n")
    commit(pipeline, "Move in\n\nPipecli-Event: imported")

    assert brief(pipeline) == [(QUOTATION, 9, "frozen")]


def test_quotations_of_an_earlier_commit_are_read_by_one_git_however_many(
    pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a pull request's page, which brings 600, each was read by a git of its own, twice."""

    def started() -> int:
        commit(pipeline)
        with monkeypatch.context() as patch:
            calls: list[object] = []
            start = git.start
            patch.setattr(git, "start", lambda *words, **how: calls.append(words) or start(*words, **how))
            check(pipeline_as_of(find_location(pipeline), "HEAD", UTC))
        return len(calls)

    of_one = started()
    for key in ("QTN-BBBBB", "QTN-CCCCC"):
        write(pipeline, QUOTATION.replace("QTN-AAAAA", key), SOUND[QUOTATION].replace("QTN-AAAAA", key))
    assert started() == of_one


def commit(root: Path, message: str = "by hand") -> None:
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    subprocess.run(["git", "commit", "-qm", message], cwd=root, check=True)
