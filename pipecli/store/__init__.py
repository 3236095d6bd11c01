"""Where records live: YAML files, transaction and commit, index, ids, lookup."""
