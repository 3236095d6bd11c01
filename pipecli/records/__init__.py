"""The data model: what the files hold, as pydantic models; no I/O, no git, no clock."""

import os

# What a record means is not for plugins of pydantic to change, and looking for some reads the metadata of
# every installed package: 12 ms of each changing command.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
