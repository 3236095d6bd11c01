"""What a record's file may hold, what is refused and where, and that both readers agree on what we write."""

from __future__ import annotations

import io
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipecli.errors import FaultyFile
from pipecli.store.yaml.read import canonical, decode, locate, locate_many, parse, parse_any, place_of_key
from pipecli.store.yaml.tree import tree_of_any, tree_of_lines
from pipecli.store.yaml.write import emit

CONTROLS = "".join(
    map(chr, [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0)])
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS), max_size=30)
awkward = st.sampled_from(
    [
        *["", " ", "yes", "No", "on", "~", "null", "NULL", "true", "0123", "1_000", "0x10", "0o17", "1e3"],
        *["2026-11-21", "2026-1-5", "2026-13-45", "2026-11-21T10:00:00+02:00", "2026-11-21 10:00:00"],
        *["1:30", ".inf", "-.5", "5.", "._", "+34600111222", "<<", "=", "- a", "a: b", "a:", ":a", "a #b"],
        *["#a", "'", '"', "it's", "\\", "[a", "{a}", "a, b", "*a", "&a", "!a", "%a", "@a", "`a", "?", "? a"],
        *[
            "---",
            "...",
            "--- a",
            "a\nb",
            "a\nb\n",
            "a\n\n\n",
            "\na",
            "\n",
            " a\n  b",
            "a\n  b",
            "a\n \nb",
            "\tb",
        ],
        *[
            "a\n\tb",
            "a\tb\n c",
            "a\r\nb",
            "a\rb",
            "\x85",
            "a\u2028b\n",
            "\ufeff",
            "a\ufeffb\nc",
            "فروشگاه",
            "👩‍🚀 x",
        ],
        *["a\n# b\n", "a\n---\nb", "<<<<<<< a\n=======\n", "a ", " a", "\u00a0a\u00a0", "a\nb ", "A" * 300],
    ]
)
words = texts | awkward
moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1))
zones = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
scalars = st.one_of(
    words,
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.decimals(-(10**12), 10**12, places=2),
    st.dates(),
    st.builds(lambda moment, zone: moment.replace(tzinfo=zone), moments, zones),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(words.filter(bool), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
records = st.dictionaries(words, values, min_size=1, max_size=5)


def normal(value: object) -> object:
    """The reading that both readers share: dates are their ISO text, numbers are equal by value."""
    if isinstance(value, dict):
        return {normal(key): normal(part) for key, part in value.items()}
    if isinstance(value, list):
        return [normal(part) for part in value]
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    return str(value)


def fault_of(text: str) -> tuple[int, int, str]:
    with pytest.raises(FaultyFile) as refusal:
        parse(text, "leads/x.yaml")
    [fault] = refusal.value.faults
    assert (fault.file, fault.rule) == ("leads/x.yaml", "yaml")
    return fault.line, fault.column, fault.message


@settings(max_examples=2 * settings().max_examples)
@given(records)
@example({"a": ["x", ["y", {"b": "l1\nl2"}]], "<<": {"c": ["p\nq\n"]}})
def test_what_is_written_is_what_both_readers_read(record: dict[str, object]) -> None:
    text = emit(record, "../../schemas/lead.schema.json")

    assert normal(parse(text, "x.yaml")) == normal(record)
    assert list(parse(text, "x.yaml")) == list(record)
    assert normal(YAML(typ="rt").load(io.StringIO(text))) == normal(record)


def test_a_new_file_in_the_layout_of_the_house() -> None:
    record = {
        "id": "OPP-2Q8XA",
        "created": datetime(2026, 11, 3, 10, tzinfo=UTC),
        "title": "Café: two machines",
        "expected_close": date(2026, 12, 15),
        "items": [{"product": "cafe-s-100", "quantity": 2, "unit_price": Decimal("2499.00")}, "x"],
        "key_info": {"need": "Two\nlines\n", "phone": "+34600111222", "answer": "no"},
        "active": True,
        "big": Decimal("1E+3"),
    }

    assert emit(record, "../s.json") == (
        "# yaml-language-server: $schema=../s.json\n"
        "id: OPP-2Q8XA\n"
        "created: 2026-11-03T10:00:00+00:00\n"
        "title: 'Café: two machines'\n"
        "expected_close: 2026-12-15\n"
        "items:\n"
        "- product: cafe-s-100\n"
        "  quantity: 2\n"
        "  unit_price: 2499.00\n"
        "- x\n"
        "key_info:\n"
        "  need: |\n"
        "    Two\n"
        "    lines\n"
        "  phone: '+34600111222'\n"
        "  answer: 'no'\n"
        "active: true\n"
        "big: 1000\n"
    )


@pytest.mark.parametrize(
    "value",
    [
        *[None, {}, [], {"b": None}, [None], float("inf"), Decimal("NaN"), "\x07", "\ud800", 2**64, b"x"],
        *[Decimal("123456789012345678.12"), Decimal(10**20), object()],
    ],
)
def test_what_no_record_holds_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        emit({"a": value}, "x")


@pytest.mark.parametrize(
    "text", ["3 apples", "2026 in one line", "1st", "+34 600 111 222", "ana@x.es", "4-way"]
)
def test_what_reads_as_a_text_is_written_as_it_is(text: str) -> None:
    assert emit({"a": text, "b": "false", "c": "2026-02-30"}, "x").splitlines()[1:] == [
        f"a: {text}",
        "b: 'false'",
        "c: '2026-02-30'",
    ]


def test_a_key_is_found_on_its_line_by_every_reader() -> None:
    longest = "k" * 1000
    assert parse(emit({longest: "x"}, "x"), "x") == {longest: "x"}
    with pytest.raises(ValueError, match="a key can't be longer than 1000 characters"):
        emit({f"{longest}k": "x"}, "x")


REFUSED = [
    ("", 1, 1, "is empty"),
    ("# only a comment\n", 1, 1, "is empty"),
    ("# c\n- a\n", 2, 1, "is not a record"),
    ("just words\n", 1, 1, "is not a record"),
    (
        "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n",
        2,
        1,
        "holds git conflict markers; `pipecli sync` says what to do",
    ),
    ("a: |\n  x\n=======\n  y\n", 3, 1, "holds git conflict markers; `pipecli sync` says what to do"),
    ("a: |\n  x\n||||||| base\n  y\n", 3, 1, "holds git conflict markers; `pipecli sync` says what to do"),
    ("a: 1\nb: 2\na: 3\n", 3, 1, "holds the key 'a' twice"),
    ("a: 1\nb: {c: 1, c: 2}\n", 2, 11, "holds the key 'c' twice"),
    ("a: 1\nb: &x y\n", 2, 4, "holds an anchor (&)"),
    ("a: 1\nb: *x\n", 2, 4, "holds an alias (*)"),
    ("a: 1\nb: !!str 1\n", 2, 4, "holds a tag (!)"),
    ("a: 1\nb:\n- !x\n", 3, 3, "holds a tag (!)"),
    ("a: 1\n<<: {b: 1}\n", 2, 1, "holds a merge key (<<)"),
    ("%YAML 1.1\n---\na: yes\n", 1, 1, "holds a % directive"),
    ("a: 1\n---\nb: 2\n", 2, 1, "begins a second document"),
    ("a:\n  1: x\n", 2, 3, "holds a key that is not a text"),
    ("a: 1\ntrue: x\n", 2, 1, "holds a key that is not a text"),
    ("a: 1\n? [b]\n: c\n", 2, 3, "holds a list or a mapping as a key"),
    ("a:\n  ? [b]\n  : c\nd: 1\n", 2, 5, "holds a list or a mapping as a key"),
    ("a:\n- b\n- ? [c]\n  : d\n", 3, 5, "holds a list or a mapping as a key"),
    ("a:\n\tb: 1\n", 2, 1, "holds a tab"),
    ("a: 1\nb: x\ty\n", 2, 5, "holds a tab"),
    ("a: 1\nb: .inf\n", 2, 1, "not finite"),
    ("a: [1, .nan]\n", 1, 8, "not finite"),
    ("a: 1\nb: x\x00\n", 2, 5, "control character U+0000"),
    ('a: 1\nb: "\\x07"\n', 2, 4, "control character U+0007"),
    ("a: '\\U00110000'\nb: \"x\\U00110000\"\n", 2, 6, r"holds no character: \U00110000"),
    ('a: "\\uFFFF"\nb: {c: "\\UFFFFFFFF"}\n', 2, 9, r"holds no character: \UFFFFFFFF"),
    ("a: 1\nb: x\u2028y\n", 2, 5, "line separator U+2028"),
    ("a: 1\n\ufeffb: x\n", 2, 1, "byte order mark"),
    ("a: 1\nb: 12345678901234567890123\n", 2, 4, "too many digits"),
    ("a: 1\nb: 123456789012345678.12\n", 2, 4, "too many digits"),
    ("a: 1\nb:\n- 12345678901234567890123\n", 3, 3, "too many digits"),
    ("a: 1\nb: c: d\n", 2, 5, "holds a second ': '"),
    ("a: 1\nb: 'x\nc: 2\n", 2, 4, "opens a quote that is never closed"),
    ("a: 1\nb: [x\nc: 2\n", 2, 4, "opens a ["),
    ("a: 1\nnonsense\nc: 2\n", 2, 1, "is not of the form 'key: value'"),
    ("a: 1\nb: @x\n", 2, 4, "a value can't begin with @"),
    ("a:\n    b: 1\n  c: 2\n", 3, 3, "is indented differently"),
    ("a: " + "[" * 60 + "]" * 60, 1, 35, "nested too deeply"),
    (
        "".join(f"{'  ' * depth}a:\n" for depth in range(32)) + "  " * 32 + "b: 1\n",
        32,
        63,
        "nested too deeply",
    ),
    ("a:\n" + "- " * 32 + "x\n", 2, 63, "nested too deeply"),
    ("a: &x 1\n# " + "- " * 64 + "\n", 0, 0, "is too long or too deep to be checked for anchors"),
]


@pytest.mark.parametrize(("sign", "most"), [("x", 50_000 - len("a: 1\na: 2\n# ")), ("[", 500), ("{", 500)])
def test_a_text_that_takes_too_long_to_look_through_is_told_in_the_readers_words(
    sign: str, most: int
) -> None:
    text = f"a: 1\na: 2\n# {sign * most}"
    assert fault_of(text) == (2, 1, "holds the key 'a' twice")
    assert fault_of(text + sign) == (0, 0, 'is not YAML (duplicate entry with key "a")')
    assert fault_of(f"a: 1\nb: x: y\n# {sign * most * 2}")[:2] == (2, 5)


@pytest.mark.parametrize(("text", "line", "column", "message"), REFUSED)
def test_a_refusal_names_its_line(text: str, line: int, column: int, message: str) -> None:
    for found in (fault_of(text), fault_of("\ufeff" + text)):
        assert found[0] == line
        assert message in found[2]
    assert fault_of(text)[1] == column
    if "\n" in text:
        assert fault_of(text.replace("\n", "\r\n"))[0] == line


@pytest.mark.parametrize(
    "text",
    [
        *[
            "R&D & more",
            "Hello!",
            "a * b",
            "100% sure",
            "a << b",
            "50 <x",
            "Bonjour !",
            "C\\x",
            "see *this*",
        ],
        *["a ======= b", "me & you", "5 > 3", "a|b"],
    ],
)
def test_signs_in_ordinary_text_are_not_refused(text: str) -> None:
    assert parse(f"a: {text}\n", "x") == {"a": text}
    assert parse(f"a: |-\n  * {text}\n  !x &y\n", "x") == {"a": f"* {text}\n!x &y"}
    assert parse(f"a: x # &b *c !d {text}\n", "x") == {"a": "x"}


def test_dates_and_odd_numbers_are_texts_and_the_model_decides() -> None:
    text = "a: 2026-11-21\nb: 0123\nc: 1_000\nd: yes\ne: 0x10\nf: 2499.00\ng: ~\nh: 1:30\n"

    assert parse(text, "x") == {
        "a": "2026-11-21",
        "b": "0123",
        "c": "1_000",
        "d": "yes",
        "e": 16,
        "f": 2499.0,
        "g": None,
        "h": "1:30",
    }
    exact = "a: 12345678901234.56\nb: 12345678901234567890\nphone: 09999999999999999999999999\n"
    exact += "id: '99999999999999999999999999'\n"
    assert parse(exact, "x") == {
        "a": 12345678901234.56,
        "b": 12345678901234567890,
        "phone": "0" + 25 * "9",
        "id": 26 * "9",
    }


@pytest.mark.parametrize(
    "bomb",
    [
        "a: &a [x, x]\n"
        + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
        ),
        "a: " + "[" * 5000,
        "a: " + "{a: " * 5000,
        "a: 1\na: 2\nb: " + "[" * 5000,
        "a: &x 1\nb: " + "[" * 5000 + "]" * 5000,
        "a:\n" + "- " * 5000 + "x\n",
        "a: " + "? " * 5000 + "x\n",
    ],
)
def test_a_file_made_to_exhaust_a_reader_is_refused_fast(bomb: str) -> None:
    started = time.perf_counter()
    fault_of(bomb)
    locate(bomb, ["a"])
    assert time.perf_counter() - started < 0.5


def test_a_byte_order_mark_and_windows_line_breaks_are_read() -> None:
    assert parse("\ufeffa: 1\r\nb: |\r\n  x\r\n  y\r\n", "x") == {"a": 1, "b": "x\ny\n"}


def test_bytes_that_are_not_utf8_are_refused_at_their_line() -> None:
    with pytest.raises(FaultyFile) as refusal:
        decode(b"id: x\nname: Caf" + b"\xe9\n", "customers/x.yaml")
    assert refusal.value.faults[0][:3] == ("customers/x.yaml", 2, 10)
    assert decode(b"\xef\xbb\xbfa: 1\r\n", "x") == "\ufeffa: 1\r\n"


def test_the_place_of_a_value_and_of_the_deepest_part_that_exists() -> None:
    text = "\ufeff# c\r\nid: x\r\nitems:\r\n  - product: p\r\n    tax: 1\r\n  - q\r\nflow: {a: [1, 2]}\r\n"
    places = {
        ("id",): (2, 1),
        ("items", 0, "tax"): (5, 5),
        ("items", 1): (6, 5),
        ("items", 0, "nothing", "at", "all"): (4, 5),
        ("items", 7): (3, 1),
        ("flow", "a", 1): (7, 15),
        ("id", "below", 0): (2, 1),
        ("nothing",): (0, 0),
        (): (0, 0),
    }

    assert locate_many(text, places) == list(places.values())
    assert locate("a: [", ["a"]) == (0, 0)
    assert place_of_key("id: x\n", ()) is None
    by_hand = "a:\n    b: 1\n"
    assert (place_of_key(by_hand, ["a"]), place_of_key(by_hand, ["a", "b"])) == ((1, 1), None)


LARGE = 200_000


@pytest.mark.parametrize(
    "value",
    [
        "[" * LARGE, "{" * LARGE, "[ " * LARGE, '["' * LARGE, "[\n" * LARGE, "\n- [" * LARGE,
        "[" * 100 + "a," * LARGE, "[" + "a," * (LARGE // 2),
        "\n" + "  k: 1\n" * (LARGE // 10), "- " * LARGE, "? " * LARGE, '"' + "\\" * LARGE, "9" * LARGE,
    ],
)  # fmt: skip
def test_the_time_to_read_a_file_is_bounded(value):
    """200 KB of brackets took two minutes, at every command."""
    start = time.process_time()
    with suppress(FaultyFile):
        parse(f"id: OPP-2Q8XA\ntitle: {value}\n", "f")
    assert time.process_time() - start < 1.5


@pytest.mark.parametrize(
    "value",
    [
        '"' + "[" * LARGE + '"', "'" + "{" * LARGE + "'", "a " + "[" * LARGE, "|\n  - " + ":[ " * LARGE,
        "[" + "[a], " * 300 + "]",
    ],
)  # fmt: skip
def test_brackets_in_a_text_are_text(value):
    assert parse(f"id: OPP-2Q8XA\ntitle: {value}\n", "f")["id"] == "OPP-2Q8XA"


_HEAD = "# yaml-language-server: $schema=../../schemas/opportunity.schema.json"
_PIECES = (
    "a: b,a:,- a: b,- a,- ,-,a,b: 1,b: 1.50,b: 0.1,b: 012,b: 1e3,b: 3e5,b: 3TX,b: 0x1F,b: 9_000,b: true,"
    "b: No,b: null,b: ~,b: .inf,b: 2026-11-21,b: 2026-11-21T10:00:00+01:00,b: 2026-11-21T10:00:00Z,b: 12:30,"
    "b: 'x: y #z',b: 'it''s',b: '',b: x & y,b: Hello!,b: x  y,b: x ,b:  x,b: x: y,b: x #y,b: Ñandú (ä/ö),"
    "c: [a],c: {a: b},c: |,c: >-,c: &x,c: !t x,c: *x,yes: a,A: b,a b: c,'a': b,# a,---,...,<<: a,b: \"x\",\t,"
    "b: 8RQ-26,b: 0E8D6T,b: 1E5,b: 0B1,b: 0X1F,b: 0X1G,b: 0O7-,"
    "b: 999999999.123456,b: -5,b: 1234567890123456789,b: y,- - a,? a,b: a\u2028b,b: a\u00a0b,b: =,b: x\ufeff"
).split(",")
_PIECES += "b: []|b: {}|b: [c]|b: [c, d-e] # f|- [c, 1, 2026-11-21]|b: [c,d]|b: [c, [d]]".split("|")
lines = st.builds(lambda indent, piece: " " * indent + piece, st.integers(0, 5), st.sampled_from(_PIECES))


@settings(max_examples=1000)
@given(st.lists(lines | texts, max_size=8), st.sampled_from(["\n", "", "\n\n", "\r\n"]))
@example(["a:", "- b: c", "  d:", "  - e", "  - f", "- b: g", "h: 1"], "\n")
@example(["a:", "  b:", "    c: 1.50", "d: '0123'"], "\n")
@example(["a: 8RQCHZ5O-26193", "b: 0E8D6TCQ", "c: 1BB5LME9"], "\n")
def test_what_is_laid_out_as_pipecli_does_is_read_as_any_yaml(written: list[str], end: str):
    text = "\n".join([_HEAD, *written]) + end
    quickly = canonical(text)
    if quickly is not None:
        in_full = parse_any(text, "x.yaml")
        assert quickly == in_full
        assert repr(quickly) == repr(in_full)  # 1 and 1.0 and True, and the order of keys
        for path in _paths(quickly):
            assert place_of_key(text, path) in (None, locate(text, path))
    else:
        assert text not in _LAID_OUT
    if quickly or tree_of_lines(text):
        assert tree_of_lines(text) in (None, tree_of_any(text))


@pytest.mark.parametrize(
    "text",
    [
        "# a\na: # b\n- b: 'c: #d' # e\n  f:\n  # g\n\n  - h # i\n- f: \"j\"\nk: Well?\nl: http://m\n",
        "a:\n    b-c:\n      D: 1.50\n      2026-11-21: it's \"x\"\ne: 12:30",
        " a: b\n c:\n  - d\n  - e\n",
        "a: [b, c-d] # e\nf:\n  - []\n  - g: {}\n    h: [2026-11-21]\n",
    ],
)  # fmt: skip
def test_places_in_a_text_whose_values_have_a_line_each_are_found_quickly(text: str) -> None:
    assert tree_of_lines(text) == tree_of_any(text) is not None


def _paths(value: object) -> Iterator[tuple[str | int, ...]]:
    """Every path of a record, and some that lead nowhere."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from ((step,), (step, "b"), (step, "b", "c"), *((step, *path) for path in _paths(inner)))


_LAID_OUT = (
    f"{_HEAD}\na:\n- b: c\n  d:\n  - e\n  - f\n- b: g\nh: 1\n",
    f"{_HEAD}\na:\n  b:\n    c: 1.50\nd: '0123'\n",
    f"{_HEAD}\na: 8RQCHZ5O-26193\nb: 0E8D6TCQ\nc: 1BB5LME9\n",
)


def test_the_slow_readers_are_asked_only_for_what_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "pipecli.store.yaml.faults"
    monkeypatch.delitem(sys.modules, slow, raising=False)
    by_hand = "a: {b: [1, x]}\nc: 1.5\nd: true\ne:\n    f: R&D\n"
    assert parse(by_hand, "x") == {"a": {"b": [1, "x"]}, "c": 1.5, "d": True, "e": {"f": "R&D"}}
    assert slow not in sys.modules
    monkeypatch.setitem(sys.modules, "ryaml", None)
    assert parse(f"{_HEAD}\na: x\n", "x") == {"a": "x"}


def test_a_layout_of_a_person_is_read_all_the_same() -> None:
    """Lists and maps that are indented by more, or deeper than pipecli writes any."""
    for body, record in (("a:\n    - b\n", {"a": ["b"]}), ("a:\n   b: 1\n", {"a": {"b": 1}})):
        assert (canonical(f"{_HEAD}\n{body}"), parse(f"{_HEAD}\n{body}", "x")) == (None, record)
    deep = {17: True, 18: False}
    for depth, is_usual in deep.items():
        text = "".join(f"{'  ' * step}a:\n" for step in range(depth)) + "  " * depth + "b: 1\n"
        assert (canonical(f"{_HEAD}\n{text}") is not None) == is_usual
        assert parse(f"{_HEAD}\n{text}", "x") == parse_any(text, "x")


def test_aliases_are_refused_before_they_are_put_in() -> None:
    text = f"a: &a {'x' * 20_000}\nb: [{', '.join(['*a'] * 5000)}]\n"
    tracemalloc.start()
    try:
        with pytest.raises(FaultyFile, match="holds an anchor"):
            parse(text, "x.yaml")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
