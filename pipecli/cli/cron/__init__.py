"""Verbs for cron: reminders, notifications, auto-close, assignment, follow-ups, the calendar."""
