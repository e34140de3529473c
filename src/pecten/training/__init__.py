"""Teaching a comb."""
