"""The room of what arrives: tables to import, mail, and the prices of suppliers."""
