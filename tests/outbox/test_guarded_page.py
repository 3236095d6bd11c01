"""The guard of pages: whatever a template makes, the page runs nothing and fetches nothing."""

from __future__ import annotations

import pytest

from pipecli.errors import PipecliError
from pipecli.outbox.typesetting import guarded_page

POLICY = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '


def page(body="", head="<title>T</title>"):
    return f'<!DOCTYPE html><html lang="fa"><head>{head}</head><body>{body}</body></html>'


def test_the_policy_comes_before_all_else_in_the_head():
    assert f'<!DOCTYPE html><html dir="rtl" lang="fa"><head>{POLICY}' in guarded_page(
        page(), "own.typ", "rtl"
    )


@pytest.mark.parametrize(
    "made",
    [
        "<!DOCTYPE html><html><body>x</body></html>",
        '<!DOCTYPE html><html title="<html><head>"><body><p title="<html><head>">x</p></body></html>',
        "<!DOCTYPE html><html><body>x</body><head></head></html>",
    ],
)
def test_a_page_without_a_head_has_the_policy_first(made):
    done = guarded_page(made, "own.typ", "ltr")

    first = made.partition("<body>")[0].replace("<html", '<html dir="ltr"', 1)
    assert done.startswith(f"{first}{POLICY}")
    assert done.count(POLICY) == 1


def test_a_direction_and_a_style_of_its_own_are_kept():
    styled = '<!DOCTYPE html><html dir="ltr"><head><style>p { color: red }</style></head><body></body></html>'

    done = guarded_page(styled, "own.typ", "rtl")

    assert '<html dir="ltr"><head>' in done
    assert done.count("<style>") == 1
    assert "<style>" in guarded_page(page(), "own.typ", "rtl")


@pytest.mark.parametrize(
    "harmless",
    [
        '<p dir="auto" style="color: red"><bdi>x</bdi></p><table><tr><td data-label="a">b</td></tr></table>',
        '<a href="https://contoso.example">x</a><a href="mailto:a@b.example">x</a><a href="#loc-1">x</a>',
        '<img src="data:image/png;base64,AA" alt="">',
        '<svg viewBox="0 0 1 1"><defs><symbol id="a"><path d="M 0 0"/></symbol></defs>'
        '<use xlink:href="#a"/><clipPath id="c"/><linearGradient/></svg>',
        "<math><msup><mi>x</mi><mn>2</mn></msup></math>",
        "&lt;script>alert(1)&lt;/script>",
    ],
)
def test_what_does_nothing_passes(harmless):
    assert harmless in guarded_page(page(harmless), "own.typ", "ltr")


@pytest.mark.parametrize(
    ("harmful", "said"),
    [
        ("<script>alert(1)</script>", "an element <script>"),
        ('<iframe srcdoc="x"></iframe>', "an element <iframe>"),
        ('<base href="https://evil.example">', "an element <base>"),
        ('<link rel="stylesheet" href="https://evil.example">', "an element <link>"),
        ('<form action="https://evil.example"></form>', "an element <form>"),
        ("<noscript><p>x</p></noscript>", "an element <noscript>"),
        ('<p ONCLICK="alert(1)">x</p>', "an attribute onclick on <p>"),
        (
            '<meta http-equiv="refresh" content="0;url=https://evil.example">',
            "an attribute http-equiv on <meta>",
        ),
        ('<img srcset="https://evil.example/x.png">', "an attribute srcset on <img>"),
        ('<img src="https://evil.example/x.png">', "the address https://evil.example/x.png"),
        ('<a href=" java\tscript:alert(1)">x</a>', "the address java script:alert(1)"),
        ('<a href="data:text/html,x">x</a>', "the address data:text/html,x"),
        ('<svg><use xlink:href="https://evil.example#a"/></svg>', "the address https://evil.example#a"),
        ("<svg><style><img src=x onerror=alert(1)></style></svg>", "an element <style>"),
        ("<svg><title><p>x</p></title></svg>", "an element <title>"),
    ],
)
def test_what_runs_or_fetches_is_refused(harmful, said):
    with pytest.raises(PipecliError) as refused:
        guarded_page(page(harmful), "templates/own.typ", "ltr")

    assert f"templates/own.typ makes a page with {said};" in str(refused.value)


def test_a_page_without_measure_is_refused():
    with pytest.raises(PipecliError, match=r"templates/own.typ makes a page of more than 16 MB"):
        guarded_page(page("x" * (16 << 20)), "templates/own.typ", "ltr")
