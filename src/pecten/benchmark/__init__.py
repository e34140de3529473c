"""Measured claims: every figure that Pecten states about itself, and the command that makes it."""
