"""A page of HTML that typst made of a template: it runs nothing, fetches nothing and leads nowhere by itself.

A template may have come with a pull request. A policy in the page forbids scripts and requests; what a policy
can't forbid, and what would make a browser read the page otherwise than we do, is refused here.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from pipecli.errors import PipecliError

_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; base-uri 'none'; form-action 'none'\">"
)
_ELEMENTS = frozenset(
    """
    html head title meta style body main header footer section article aside nav address div span p br hr
    h1 h2 h3 h4 h5 h6 a abbr b bdi bdo blockquote cite code dd del dfn dl dt em figcaption figure hgroup i img
    ins kbd li mark ol pre q s samp small strong sub sup time u ul var wbr details summary ruby rb rp rt
    table caption colgroup col thead tbody tfoot tr td th
    math menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms
    mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover
    svg g path use defs symbol clippath rect circle ellipse line polygon polyline image pattern lineargradient
    radialgradient stop text tspan
    """.split()
)
_LARGEST = 16 << 20
_FOREIGN = frozenset({"svg", "math"})
_LINK = re.compile(r"#|https?:|mailto:|tel:")
_OWN = re.compile(r"#|data:image/")
_ADDRESSES = frozenset({"href", "xlink:href", "src"})
_LEADING = re.compile(
    r"on.*|http-equiv|srcset|srcdoc|action|formaction|ping|background|poster|manifest|data|target"
)


def guarded(page: str, name: str, direction: str) -> str:
    """The page with its policy; written in `direction`, where its template does not say which.

    A page without any style has a plain one. Raises PipecliError for what no page may hold; `name` is the
    template's.
    """
    if len(page) > _LARGEST:
        raise PipecliError(
            f"{name} makes a page of more than {_LARGEST >> 20} MB", hint="look for what grows in it"
        )
    read = _Reader(name)
    read.feed(page)
    read.close()
    style = "" if read.has_style else f"<style>{_STYLE}</style>"
    html = read.html if read.has_direction else read.html.replace("<html", f'<html dir="{direction}"', 1)
    begins = page.index(read.html)
    ends = begins + len(read.html)
    head = read.head if page.startswith(read.head, ends) else ""  # else a browser makes one of its own
    return f"{page[:begins]}{html}{head}{_POLICY}{style}{page[ends + len(head) :]}"


class _Reader(HTMLParser):
    """Finds how the page begins, and refuses what may not be."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.html = ""
        """The tags of the two, as they are written."""
        self.head = ""
        self.has_style = False
        self.has_direction = False
        self._name = name
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # In a drawing a browser reads a style as elements, we as text.
        if tag not in _ELEMENTS or (tag in ("style", "title") and _FOREIGN.intersection(self._open)):
            raise self._refusal(f"an element <{tag}>")
        for attribute, value in attrs:
            if _LEADING.fullmatch(attribute):
                raise self._refusal(f"an attribute {attribute} on <{tag}>")
            address = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if attribute in _ADDRESSES and not (_LINK if tag == "a" else _OWN).match(address):
                raise self._refusal(f"the address {' '.join((value or '').split())[:80]}")
        if not self._open and tag == "html":
            self.html = self.get_starttag_text() or ""
            self.has_direction = any(attribute == "dir" for attribute, _ in attrs)
        elif self._open == ["html"] and tag == "head":
            self.head = self.get_starttag_text() or ""
        self.has_style |= tag == "style"
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def _refusal(self, what: str) -> PipecliError:
        return PipecliError(
            f"{self._name} makes a page with {what}",
            hint="a page runs nothing and fetches nothing: leave it out",
        )


_VOID = frozenset({"meta", "br", "hr", "img", "col", "wbr"})
_STYLE = (
    "body{max-width:48rem;margin:2rem auto;padding:0 1.25rem;color:#1b1f24;overflow-wrap:anywhere;"
    "font:15px/1.5 system-ui,sans-serif}"
    "table{border-collapse:collapse}td,th{padding:.35rem .75rem .35rem 0;text-align:start;vertical-align:top}"
    "tr{border-bottom:1px solid #d9dee3}img,svg{max-width:100%;height:auto}"
)
