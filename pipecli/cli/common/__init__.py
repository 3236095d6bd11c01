"""What the faces of the nouns share: a command, a session, lists, tables, changes."""
