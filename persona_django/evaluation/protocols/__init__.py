"""What is learnt from and what is asked, by the rules of the field: a module for each protocol."""
