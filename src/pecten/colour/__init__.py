"""Colour: transfer curves, colour spaces by name, and what networks see of them."""
