"""What Uplift carries out on a client's system once it is agreed to: one file for each remedy."""
