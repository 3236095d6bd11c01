"""What is wrong: with the files as they are, with a change set, with a clone."""
