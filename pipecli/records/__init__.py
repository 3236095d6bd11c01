"""What the files say: pydantic models; no I/O, no git, no clock."""
