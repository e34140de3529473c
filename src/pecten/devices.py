"""Where networks run."""


def choose_device(name: str) -> str:
    """Return "cuda" for "auto" where there is a GPU, else "cpu"; other names stand."""
    if name != "auto":
        return name
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
