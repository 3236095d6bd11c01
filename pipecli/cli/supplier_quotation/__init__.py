"""`pipecli supplier-quote`: what suppliers were asked, and what they answered."""
