"""Pecten: face replacement for film."""

__version__ = "0.1.0"
__all__ = ["__version__"]
