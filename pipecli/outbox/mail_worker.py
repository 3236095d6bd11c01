"""A process of its own that fills in a template of a mail: `python -P -m pipecli.outbox.mail_worker`.

It reads a request as JSON from stdin and writes the text, or what is wrong with the template, as JSON to
stdout. The template may have come with a pipeline that anyone wrote: jinja2 runs it in a sandbox, it reads no
other file, and what it may take of the machine is given up before it is read.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pipecli.outbox.typst_worker import give_up

_NAME = "template"


def main() -> None:
    request = json.load(sys.stdin.buffer)
    give_up(request["memory"], request["seconds"])
    sys.stdout.buffer.write(json.dumps(filled_in(request["template"], request["values"])).encode())


def filled_in(template: str, values: dict[str, Any]) -> dict[str, Any]:
    """The `text`, or the `error` and its `line`, 0 where that is not known."""
    from jinja2 import DictLoader, StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        def getattr(self, obj: Any, attribute: str) -> Any:
            """`doc.items` are the items, not a method of the map that holds them."""
            is_key = isinstance(obj, dict) and attribute in obj
            return obj[attribute] if is_key else super().getattr(obj, attribute)

    environment = Environment(
        loader=DictLoader({_NAME: template}), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
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
    main()
