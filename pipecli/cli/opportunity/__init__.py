"""`pipecli opportunity`: the deals."""
