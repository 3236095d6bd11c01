"""The room of what leaves: documents, mail, messages, charts, calendars and exports."""
