"""The verbs of a working day: what is due, what took place, what to look for, what to take back."""
