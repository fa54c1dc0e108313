"""Floor 6, what a rule may say: found, clean or cannot tell, with the evidence a driver can check."""
