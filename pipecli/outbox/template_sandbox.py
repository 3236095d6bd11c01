"""A process of its own for a template: it sets a document with typst, or fills in a mail with jinja2.

Templates come with a pipeline that anyone may have written. Before the process reads one it gives up what it
may take: memory, processor time, files to write and servers of packages. A template of a mail reads no file;
one of a document those that `typesetting.py` copies for it. It reads a request as JSON from stdin, and
writes a line of JSON, then the PDF or the page, to stdout.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from pipecli.errors import PipecliError, is_short_of_memory
from pipecli.harmless_text import one_line
from pipecli.store.second_process import limit_process

_NOWHERE = "http://127.0.0.1:9"
_ESCAPE = re.compile(r"\\u\{(\w+)\}")
_IGNORED = re.compile(r"(.+) was ignored during HTML export")
_NO_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')
_NAME = "template"
_PATIENCE = 6
"""Times the seconds of a processor that a process may take by the clock."""


def run_worker(
    task: Literal["document", "mail"], request: dict[str, Any], name: str, *, memory: int, seconds: float
) -> tuple[dict[str, Any], bytes]:
    """The answer to a request, and the content after it, from a process with at most so much memory and time.

    The seconds are those of a processor: a busy machine may take longer. Raises PipecliError for a template,
    called `name`, that takes more, or that ends the process.
    """
    endless = PipecliError(f"{name} takes more than {seconds:g} seconds", hint="look for an endless loop")
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "pipecli.outbox.template_sandbox", task],
            input=json.dumps(request | {"memory": memory, "seconds": seconds}, default=str).encode(),
            cwd=request.get("root"),
            capture_output=True,
            timeout=seconds * (_PATIENCE if os.name == "posix" else 1),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise endless from None
    if done.returncode == -getattr(signal, "SIGXCPU", 0) < 0:
        raise endless
    head, newline, content = done.stdout.partition(b"\n")
    if done.returncode or not newline:
        if is_short_of_memory(memory):
            raise PipecliError(f"there is too little memory for {name}", code="system")
        if b"memory" in done.stderr.lower():
            most = f"{memory >> 30} GB" if memory >= 1 << 30 else f"{memory >> 20} MB"
            raise PipecliError(f"{name} takes more than {most} of memory", hint="look for what grows in it")
        verb = "set" if task == "document" else "filled in"
        if done.returncode < 0:
            killed = f"{name} can't be {verb}: its process was stopped: {signal.strsignal(-done.returncode)}"
            raise PipecliError(killed, hint="try again", code="system")
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [
            f"it ended with {done.returncode}"
        ]
        raise PipecliError(f"{name} can't be {verb}: {one_line(last[0])}")
    return json.loads(head), content


def main(task: str) -> None:
    request = json.load(sys.stdin.buffer)
    _give_up_servers_and_files()
    limit_process(request["memory"], request["seconds"])
    if task == "document":
        content, answer = _typeset(request)
    else:
        content, answer = b"", filled_in(request["template"], request["values"])
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + content)


def _give_up_servers_and_files() -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):  # of the packages that a template may ask for
        os.environ[name] = os.environ[name.lower()] = _NOWHERE
    os.environ.pop("NO_PROXY", None)
    os.environ.pop("no_proxy", None)
    with suppress(ImportError, ValueError, OSError):  # Windows; a lower one holds already
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _typeset(request: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
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
    template = os.path.relpath(request["template"], request["root"]).replace(os.sep, "/")
    page, warnings = compiler.compile_with_warnings(
        request["page"],
        format="html",
        sys_inputs=inputs | {"template": f"/{template}"},
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


def filled_in(template: str, values: dict[str, Any]) -> dict[str, Any]:
    """The `text` of a mail, or the `error` and its `line`, 0 where that is not known.

    jinja2 runs the template in a sandbox, where it reads no other file.
    """
    from jinja2 import DictLoader, StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        def getattr(self, obj: Any, attribute: str) -> Any:
            """`doc.items` are the items, not a method of the map that holds them."""
            is_key = isinstance(obj, dict) and attribute in obj
            return obj[attribute] if is_key else super().getattr(obj, attribute)

    environment = Environment(
        loader=DictLoader({_NAME: template}),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        return {"text": environment.get_template(_NAME).render(values)}
    except TemplateError as error:
        return {"error": error.message or type(error).__name__, "line": _line(error)}
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        return {"error": str(error) or type(error).__name__, "line": _line(error)}


def _line(error: BaseException) -> int:
    """The line of the template that is at fault; 0 where none is."""
    lineno: int | None = getattr(error, "lineno", None)
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return lineno or line


if __name__ == "__main__":
    main(sys.argv[1])
