"""What leaves: documents and export."""
