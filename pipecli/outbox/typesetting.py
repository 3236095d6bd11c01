"""A document as PDF or HTML, set by typst from a template in a process that can do no harm.

A record's text reaches a template as JSON, data that is never read as code; the PDF is made in
`template_sandbox.py`. A template may have come with a pull request. It sees a copy of the pipeline's
`templates/` without links, and the logo, and nothing else. A page of HTML runs and fetches nothing: its
policy forbids scripts and requests, and content that no policy forbids, or that a browser reads otherwise
than we do, is refused here.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pipecli.errors import PipecliError
from pipecli.outbox.printed_papers import Printed
from pipecli.outbox.template_sandbox import run_worker
from pipecli.store.lock_and_signals import temporary_folder

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


def guarded_page(page: str, name: str, direction: str) -> str:
    """The page with its policy; written in `direction` where its template gives none.

    A page without any style has a plain one. Raises PipecliError for content that is not allowed; `name` is
    the template's.
    """
    if len(page) > _LARGEST:
        large = f"{name} makes a page of more than {_LARGEST >> 20} MB"
        raise PipecliError(large, hint="look for what grows in it")
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
    """Finds the first tags of a page, and refuses elements, attributes and addresses that are not allowed."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.html = ""
        """The start tag `<html …>` as it is written, and below that of the head."""
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


SECONDS = 20
MEMORY = 1 << 30
_LARGEST_FOLDER = 64 << 20
_OWN_TEMPLATES = Path(__file__).parent / "templates"
_DEFAULT = "quotation.typ"
_PAGE = "paper_as_html.typ"


Form = Literal["pdf", "html"]


class PageTemplate(NamedTuple):
    """A template of a pipeline: its folder, and its file in it."""

    folder: Path
    file: str


class Typeset(NamedTuple):
    content: bytes
    missing: str
    """The characters that no font here has, with blanks between; control characters as U+F1234."""
    logo_is_read: bool
    sheet: str
    """The file:line that puts text on every sheet, which a page of HTML leaves out; empty for most."""


def default_template() -> str:
    """The template that comes with pipecli."""
    return (_OWN_TEMPLATES / _DEFAULT).read_text(encoding="utf-8")


def typeset(
    printed: Printed,
    template: PageTemplate | None = None,
    *,
    form: Form = "pdf",
    fonts: Path | None = None,
    logo: Path | None = None,
    created: datetime,
    seconds: float = SECONDS,
) -> Typeset:
    """The document by a template, or by the one that comes with pipecli. `created` is the time it bears.

    `fonts` is a folder with fonts beside those of the system; it need not exist.
    Raises PipecliError with file and line for a template that can't be set.
    """
    name = f"{template.folder.name}/{template.file}" if template else _DEFAULT
    with temporary_folder("document") as room:
        root = room.resolve()
        _copy(template.folder if template else _OWN_TEMPLATES, root)
        if fonts is not None:
            _copy(fonts, root / ".fonts")
        if form == "html":
            shutil.copyfile(_OWN_TEMPLATES / _PAGE, root / f".{_PAGE}")
        inputs = {"document": json.dumps(_shown(asdict(printed)), default=str, ensure_ascii=False)}
        if logo is not None:
            placed = root / f".logo{logo.suffix.lower()}"
            shutil.copyfile(logo, placed)
            inputs["logo"] = f"/{placed.name}"
        request = {
            "root": str(root),
            "template": str(root / (template.file if template else _DEFAULT)),
            "page": str(root / f".{_PAGE}") if form == "html" else "",
            "packages": str(root / ".no-packages"),
            "fonts": [str(root / ".fonts")],
            "inputs": inputs,
            "created": created.isoformat(),
        }
        answer, content = run_worker("document", request, name, memory=MEMORY, seconds=seconds)
        folder = template.folder.name if template else "pipecli's own"
        if "error" in answer:
            raise _refusal(answer["error"], answer["diagnostic"], folder, root, name)
        sheet = _left_out(answer["ignored"], folder, root, name)
    if form == "html":
        content = guarded_page(content.decode(), name, printed.direction).encode()
    return Typeset(content, answer["missing"], answer["logo"], sheet)


def _shown(value: Any) -> Any:
    """A value of JSON without the characters that HTML may not hold."""
    if isinstance(value, str):
        return _UNSHOWN.sub("", value)
    if isinstance(value, list):
        return [_shown(part) for part in value]
    if isinstance(value, dict):
        return {_shown(key): _shown(part) for key, part in value.items()}
    return value


_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def _copy(folder: Path, to: Path) -> None:
    """Copy the files of a folder; links are left out, for they may lead anywhere."""
    if folder.is_symlink():
        return
    left = _LARGEST_FOLDER
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder)
        if not file.is_file() or any((folder / part).is_symlink() for part in [relative, *relative.parents]):
            continue
        left -= file.stat().st_size
        if left < 0:
            raise PipecliError(
                f"{folder.name}/ is larger than {_LARGEST_FOLDER >> 20} MB",
                hint="keep in it only what templates read",
            )
        (to / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to / relative)


_PLACE = re.compile(r"┌─ (.+?):(\d+):(\d+)")
_WITHOUT_WORDS = frozenset("v h line pagebreak colbreak repeat hide polygon curve path flush".split())
_ON_EVERY_SHEET = re.compile(r"\b(header|footer|background|foreground):")


def _left_out(ignored: list[tuple[str, str]], folder: str, root: Path, name: str) -> str:
    """The place of text on every sheet that a page leaves out, if any. Raises PipecliError for other text."""
    sheets = []
    for element, diagnostic in ignored:
        place = _place(diagnostic, folder) or name
        if element == "page set rule":
            sheets += [place] if _dresses_sheets(diagnostic, root) else []
        elif element not in _WITHOUT_WORDS:
            raise PipecliError(
                f"{place}: typst has no {element} in HTML",
                hint='write it differently where target() == "html", or put it into html.frame',
            )
    return sheets[0] if sheets else ""


def _place(diagnostic: str, folder: str) -> str:
    place = _PLACE.search(diagnostic)
    return f"{folder}/{place[1]}:{place[2]}" if place else ""


def _dresses_sheets(diagnostic: str, root: Path) -> bool:
    """True where the `set page(…)` of a diagnostic sets more than the size of the sheet."""
    place = _PLACE.search(diagnostic)
    if place is None:
        return False
    lines = (root / place[1]).read_text(encoding="utf-8").splitlines(keepends=True)[int(place[2]) - 1 :]
    rule, depth = "", 0
    for character in "".join(lines)[int(place[3]) - 1 :]:
        rule += character
        depth += (character in "([{") - (character in ")]}")
        if character == ")" and depth == 0:
            break
    return _ON_EVERY_SHEET.search(rule) is not None


def _refusal(message: str, diagnostic: str, folder: str, root: Path, name: str) -> PipecliError:
    """An error of typst in a template, as file:line and what to do."""
    place = _place(diagnostic, folder) or name
    reason = " ".join(message.replace(f"{root}/", "").split())
    hint = ""
    if "package" in reason and ("download" in reason or "not found" in reason):
        reason, hint = "a template can't import a package", "put its files into templates/ and import those"
    elif "escape" in reason or "searched at" in reason:
        reason = reason.partition(" (searched at")[0]
        hint = "a template reads files of templates/, and no links"
    elif reason.startswith("page configuration"):
        hint = 'set pages at the top, or where target() == "paged"'
    return PipecliError(f"{place}: {reason}", hint=hint)
