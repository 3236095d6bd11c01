"""Data in and out: import, export, mail, SQL, schemas."""
