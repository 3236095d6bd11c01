"""`pipecli chart`: the reports as pictures."""
