"""A process of its own that sets one document with typst: `python -P -m pipecli.outbox.typst_worker`.

It reads a request as JSON from stdin and writes a line of JSON, then the PDF or the page, to stdout.
Templates come with a pipeline that anyone may have written, so that before it reads one it gives up what it
may take: memory, processor time, files to write and the network.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any

_NOWHERE = "http://127.0.0.1:9"
_ESCAPE = re.compile(r"\\u\{(\w+)\}")
_IGNORED = re.compile(r"(.+) was ignored during HTML export")
_NO_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')


def main() -> None:
    request = json.load(sys.stdin.buffer)
    give_up(request["memory"], request["seconds"])
    content, answer = _set(request)
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + content)


def give_up(memory: int, seconds: float) -> None:
    """Limit this process to `memory` bytes and to `seconds`, without new files or servers of packages."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):  # of the packages that a template may ask for
        os.environ[name] = os.environ[name.lower()] = _NOWHERE
    os.environ.pop("NO_PROXY", None)
    os.environ.pop("no_proxy", None)
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time limit of the parent holds there too
        return
    limits = (
        # Of data, not of addresses: threads of a large machine reserve many gigabytes they never use.
        (resource.RLIMIT_DATA, memory),
        (
            resource.RLIMIT_CPU,
            int(8 * seconds) + 1,
        ),  # of all threads; should nobody be left to end this process
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    )
    for limit, most in limits:
        with suppress(ValueError, OSError):  # a lower one holds already
            resource.setrlimit(limit, (most, most))


def _set(request: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """The PDF or the page, and remarks on it; or no content and the error."""
    import typst

    inputs = dict(request["inputs"])
    compiler = typst.Compiler(
        root=request["root"],
        font_paths=request["fonts"],
        package_path=request["packages"],
        package_cache_path=request["packages"],
    )
    answer: dict[str, Any] = {"logo": True, "missing": "", "ignored": []}
    if "logo" in inputs and not _is_image(compiler, inputs["logo"]):
        answer["logo"] = False
        del inputs["logo"]
    if request["page"]:
        try:
            page, answer["ignored"] = _page(compiler, request, inputs)
            return page, answer
        except typst.TypstError as error:
            return b"", {"error": error.message, "diagnostic": error.diagnostic}
    try:
        # For archives, and the one form in which typst tells of characters that no font has.
        return _pdf(compiler, request, inputs, "a-2u"), answer
    except typst.TypstError as error:
        missing = " ".join(dict.fromkeys(_NO_GLYPH.findall(error.diagnostic)))
        answer["missing"] = _ESCAPE.sub(lambda escape: f"U+{escape[1].upper()}", missing)
    try:
        return _pdf(compiler, request, inputs), answer
    except typst.TypstError as error:
        return b"", {"error": error.message, "diagnostic": error.diagnostic}


def _pdf(compiler: Any, request: dict[str, Any], inputs: dict[str, str], *standards: str) -> bytes:
    pdf: bytes = compiler.compile(
        request["template"],
        format="pdf",
        sys_inputs=inputs,
        timestamp=datetime.fromisoformat(request["created"]),
        pdf_standards=list(standards),
    )
    return pdf


def _page(
    compiler: Any, request: dict[str, Any], inputs: dict[str, str]
) -> tuple[bytes, list[tuple[str, str]]]:
    """A page of HTML, and each element that typst left out of it, with the place."""
    page, warnings = compiler.compile_with_warnings(
        request["page"],
        format="html",
        sys_inputs=inputs | {"template": f"/{os.path.relpath(request['template'], request['root'])}"},
        timestamp=datetime.fromisoformat(request["created"]),
    )
    ignored = [(_IGNORED.fullmatch(warning.message), warning.diagnostic) for warning in warnings]
    return page, [(element[1], place) for element, place in ignored if element]


def _is_image(compiler: Any, logo: str) -> bool:
    import typst

    try:
        compiler.compile(b"#image(sys.inputs.logo, height: 1cm)", format="pdf", sys_inputs={"logo": logo})
    except typst.TypstError:
        return False
    return True


if __name__ == "__main__":
    main()
