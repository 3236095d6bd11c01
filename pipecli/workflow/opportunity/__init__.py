"""The verbs of an opportunity: a file a verb, the smaller ones together."""
