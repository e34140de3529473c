"""Putting a decoded face back into its plate."""
