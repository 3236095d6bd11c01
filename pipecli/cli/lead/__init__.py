"""`pipecli lead`: points of contact that might become a sale."""
