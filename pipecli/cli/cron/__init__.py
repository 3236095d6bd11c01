"""What is due and what runs by itself: reminders, notifications, auto-close, assignment, the calendar."""
