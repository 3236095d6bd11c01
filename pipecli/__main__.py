"""`pipecli`: the completion of the shells, or any other command."""

from __future__ import annotations

import sys


def main() -> None:
    """Answer a shell that completes a word, without Typer; run every other command."""
    if sys.argv[1:2] == ["__complete"] and len(sys.argv) > 3:
        from pipecli.cli import completion

        completion.main(sys.argv[2:])
        return
    try:
        from pipecli.cli.main import main as run
    except KeyboardInterrupt:  # before there is an error door
        sys.stderr.write("error: interrupted; nothing is changed\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
