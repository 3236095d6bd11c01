"""Text of others made harmless for a terminal, a spreadsheet, JSON, Markdown, a code host, a message.

Anyone may have written a record: it must move no cursor, run as no formula, and call nobody. `terminal_line`
is for what is printed, `message_line` for what is sent, `one_line` for what becomes a name, a subject or a
comment, `visible` for what an error quotes. A printed paper's text is kept from running in
`outbox/typesetting.py`.
"""

from __future__ import annotations

import json
import re
from codecs import lookup

from pipecli.wording import shortened

# Patterns stay texts, which `re` compiles at their first use: most commands meet no text that needs one.
_LINE_ENDS = "\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066\u2067"
"""What moves a cursor or turns text around, but tab and line ends; half a surrogate pair can't be written."""
_UNSEEN = "\u115f\u1160\u2060-\u2065\u206a-\u206f\u3164\uffa0\ufff0-\ufffb\U000e0000-\U000e00ff"
"""What draws nothing, and no script needs: names look alike, and an agent reads what a person doesn't see."""
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_OUT_OF_PLACE = rf"(?<![\u1800-\u18af])\u180e|(?<![^\s{_SELECTORS}])[{_SELECTORS}]"
"""The same of what Mongolian needs, and of selectors of a form, of which a sign has one."""
_PRINTABLE = f"[\u115f\u1160\u3164\uffa0{_SELECTORS}]"
_ISOLATE = "\u2068\u2069"  # drawn around right-to-left text
_SOFT_HYPHEN = "\xad"  # a terminal shows it or not, as it likes: nobody can say how wide it is
BREAKS = "\t\n\r\u2028\u2029"


def terminal_line(text: str, *, is_drawn: bool = False) -> str:
    """Text on one line that does nothing to a terminal: line breaks show as `⏎`, other controls as `·`."""
    if _is_harmless(text):
        return text
    return without_controls(re.sub(_LINE_ENDS, "⏎", text), "\t", is_drawn=is_drawn).replace(_SOFT_HYPHEN, "")


def _is_harmless(text: str) -> bool:
    """True for most texts, at once: Python calls what draws nothing printable where it isn't a format."""
    return text.isprintable() and (text.isascii() or not re.search(_PRINTABLE, text))


def without_controls(text: str, also: str = "", *, instead: str = "·", is_drawn: bool = False) -> str:
    """Text of several lines that does nothing to a terminal but break its lines.

    `also` are further characters, none printable. In what `is_drawn` isolates stay.
    """
    if _is_harmless(text):
        return text
    return re.sub(
        f"[{_CONTROLS}{'' if is_drawn else _ISOLATE}{also}{_UNSEEN}]|{_OUT_OF_PLACE}", instead, text
    )


def visible(text: str, instead: str = "·", keep: str = "") -> str:
    """Text with `instead` for each character that does not show, but those of `keep`."""
    return "".join(char if char.isprintable() or char in keep else instead for char in text)


_OF_NAMES = ("idna", "punycode", "undefined")
"""Charsets of Python's for the names of hosts, which take minutes for a long text, and the one that fails."""


def decoded(content: bytes, charset: str, errors: str = "strict") -> str:
    """Bytes in the charset that they say they have. Raises LookupError, ValueError where that is none."""
    if lookup(charset).name in _OF_NAMES:
        raise LookupError(f"{charset} is no charset of texts")
    return content.decode(charset, errors)


def bash_word(text: str) -> str:
    """Text as one word of a command line of bash, in which it runs nothing."""
    return re.sub(r"\s|[^\w@%+=:,./\u00a1-\U0010ffff-]", r"\\\g<0>", text)


def one_line(text: str) -> str:
    """Text on one line: single blanks for line ends and for characters that do not show."""
    return " ".join(visible(text, " ").split())


# The starts of a spreadsheet's formula; a Japanese keyboard types the wide ones for the same.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?"
_AFTER_A_BREAK = r"(?<=;)[^;\r\n]*|(?<=[\r\n])[^;\r\n]*"
"""What a spreadsheet that separates cells by semicolons takes for the start of a cell, quotes or not."""


def spreadsheet_cell(text: str) -> str:
    """Text that a spreadsheet only shows, with a `'` before what it would run as a formula.

    Also after a semicolon and a line break: with those, a spreadsheet of many countries begins a cell.
    Text that looks guarded already gets one more: `text_of_spreadsheet_cell` gives back every text unchanged.
    """
    if ";" in text or "\n" in text or "\r" in text:
        text = re.sub(_AFTER_A_BREAK, lambda part: _guard(part[0], is_start=False) + part[0], text)
    return _guard(text) + text


def text_of_spreadsheet_cell(cell: str) -> str:
    """The text of a cell that `spreadsheet_cell` wrote."""
    text = re.sub(_AFTER_A_BREAK, lambda part: part[0].removeprefix(_guard(part[0], is_start=False)), cell)
    text = text.removeprefix(_guard(text))
    return text if spreadsheet_cell(text) == cell else cell


def _guard(text: str, *, is_start: bool = True) -> str:
    """The `'` of what a spreadsheet would run. Lines of a note that begin with `- ` it would not."""
    bare = text.lstrip("'")
    if not bare.startswith(_FORMULA_STARTS) or (not is_start and bare[:2] in ("- ", "+ ")):
        return ""
    return "" if re.fullmatch(_NUMBER, bare) else "'"


# Old JavaScript ends a string at U+2028. All of these can only stand inside a string.
_UNSAFE = f"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff{_UNSEEN}]"


def safe_json(text: str) -> str:
    """JSON with an escape for every sign that is not to stand in it raw."""
    if text.isascii():
        return text.replace("\x7f", "\\u007f")
    return re.sub(_UNSAFE, lambda match: json.dumps(match[0])[1:-1], text)


_LIVE = (
    r"@(?=\w)|#(?=\w)|!(?=\d)|(?<!\w)(?:[$^]|&amp;)(?=\d)|(?<!\w)[%~](?=[\w\"])|"
    r":(?=//)|(?<![A-Za-z0-9-])(?:[Ww]{3}(?=\.)|[Gg][HhLl]-(?=\d)|mailto:)"
)


def code_host_text(text: str, *, has_links: bool = False) -> str:
    """Text of which a code host makes no link and no message, whatever is escaped.

    `@ana` is told, `#12`, `!12` or `GL-12` is an issue that a commit's subject may close, a page's server is
    asked: a sign of no width takes the life out of them. With `has_links`, as Markdown has, an address of
    e-mail is a link, too; elsewhere it stays what one can copy.
    """
    return re.sub(_LIVE if has_links else rf"(?!(?<=\w)@)(?:{_LIVE})", "\\g<0>\u200b", text)


_MARKDOWN_SIGNS = r"[\\|`*\[\]!$~]"


def escaped_markdown(line: str) -> str:
    """A line as words of a Markdown page: no syntax of it, no tag, nothing that a code host obeys."""
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(_MARKDOWN_SIGNS, r"\\\g<0>", code_host_text(line, has_links=True))


_LONGEST_LINE = 200
_MENTIONS = r"(?<!\w)@(?=\w)|@(?=(?:everyone|here|channel|all|room)\b)|<(?=[!@#])|\](?=\()"
"""The marks that a chat obeys: @everyone, <!channel>, <@U123>, and a link that shows another address."""


def message_line(text: str) -> str:
    """A text of a record for a message: one line, not too long, that adds no header and calls nobody.

    A stranger may have written it: a mention gets a letter of no width into it, and so is only read.
    """
    line = shortened(" ".join(without_controls(text, f"{BREAKS}\ufeff", instead=" ").split()), _LONGEST_LINE)
    return re.sub(_MENTIONS, lambda mention: f"{mention[0]}\u200b", line)


def composed(text: str) -> str:
    """Text as the index holds it: with é as one sign, however its author's keyboard made it."""
    from unicodedata import normalize  # which most commands have no use for

    return text if text.isascii() else normalize("NFC", text)
