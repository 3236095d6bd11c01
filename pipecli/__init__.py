"""pipecli: a sales pipeline kept as YAML files under git."""

__version__ = "0.1.0"
