"""The comb: one encoder, a decoder for each performer."""
