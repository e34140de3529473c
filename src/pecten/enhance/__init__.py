"""Sharper faces from low-resolution footage, by a network that has learnt one performer's sharp crops."""
