"""`pipecli report`: a module a question, from the records as they are."""
