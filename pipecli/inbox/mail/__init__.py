"""Mail: read, placed on the deal or lead it belongs to, recorded."""
