"""Running a trained comb."""
