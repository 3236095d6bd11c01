"""`python -m pipecli`."""

from pipecli.cli.main import main

main()
