"""What the package promises by name."""

import pecten


def test_the_public_names_are_these() -> None:
    assert pecten.__all__ == ["__version__"]
    assert all(hasattr(pecten, name) for name in pecten.__all__)
