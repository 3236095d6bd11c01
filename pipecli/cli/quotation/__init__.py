"""`pipecli quotation`: what customers are offered."""
