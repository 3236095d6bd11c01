"""What a change set may not do: the rules of `check --base`."""
