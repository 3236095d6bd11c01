"""The rules that say what is wrong with the files as they are, and with a change set."""
