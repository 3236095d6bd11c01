"""`pipecli settings`, `user` and `team`: what `pipecli.yaml` says."""
