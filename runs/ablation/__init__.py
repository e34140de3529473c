"""What `runs/ablate_comb.py` compares, and how it measures."""
