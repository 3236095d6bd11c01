"""Shared by the faces of the nouns: commands, the session, lists, tables, changes."""
