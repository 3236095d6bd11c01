"""Charts of the reports, drawn with altair and vl-convert, which need neither a browser nor a network."""
