"""The comb: one encoder, a decoder for every identity, and how it is kept on disk."""
