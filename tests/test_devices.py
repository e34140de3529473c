"""What a device gains by, and that a training heeds it."""

import pytest
import torch

from comb_helpers import config, crops, shape
from pecten.devices import gains_by_bfloat16
from pecten.training.run import Run


@pytest.mark.parametrize(("has", "gains"), [("AVX512", True), ("AVX2", False), ("DEFAULT", False)])
def test_a_cpu_gains_by_bfloat16_with_wide_vectors_only(monkeypatch: pytest.MonkeyPatch, has: str, gains: bool) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: has)
    assert gains_by_bfloat16("cpu") is gains
    assert gains_by_bfloat16("cuda:1")


def trained(**changes: object) -> dict[str, torch.Tensor]:
    run = Run([crops("one"), crops("two")], shape(), config(start_px=16, **changes))
    for _ in range(2):
        run.advance()
    return run.comb.state_dict()


def test_bfloat16_is_asked_for_in_vain_where_it_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = trained(bfloat16=False)
    found = {}
    for has in ("AVX2", "AVX512"):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda has=has: has)
        made = trained(bfloat16=True)
        found[has] = all(torch.equal(plain[key], made[key]) for key in plain)
    assert found == {"AVX2": True, "AVX512": False}
