"""The data model: what the files hold, as pydantic models; no I/O, no git, no clock."""

import os
import sys
from types import ModuleType

# What a record means is not for plugins of pydantic to change, and looking for some reads the metadata of
# every installed package: 12 ms of each changing command. Only to learn that it needn't look, pydantic's
# loader of them would import the readers of mails, archives and sockets: another 6 ms.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
_loader = ModuleType("pydantic.plugin._loader")
vars(_loader)["get_plugins"] = tuple
sys.modules.setdefault(_loader.__name__, _loader)
