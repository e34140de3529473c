"""The methods that are compared: what each one needs to be taught, and how it customarily puts its face in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

from pecten.baselines.model import Budget, Crops, SwapModel
from pecten.baselines.nirkin import Nirkin
from pecten.baselines.pairs import deepfacelab, deepfakes
from pecten.benchmark.swap_combs import all_together, paper_like, single_stage, two_way
from pecten.comb.model import Comb
from pecten.comb.weights import file_of, load_comb, read_header
from pecten.composite.recipe import PAPER, BlendMethod, LightSource, Recipe
from pecten.dataset.crops import CropSet
from pecten.devices import choose_device
from pecten.errors import UsageError
from pecten.files import sha256_of
from pecten.swap.infer import swap_crops
from pecten.types import Progress, silent

SEAMLESS = Recipe(
    light=LightSource.FACE,
    blend=BlendMethod.SEAMLESS,
    grain=0.0,
    sharpness=False,
    shutter=0.0,
    specular=False,
    catch_lights=False,
    irises=False,
    lashes=False,
)
"""Poisson's seamless cloning of the face as it was decoded, as the other methods' own programs do it."""

GIVEN = "given"

Scope = Literal["all", "pair", "direction"]


@dataclass(frozen=True)
class Setting:
    """What all methods are made with.

    Attributes:
        size: Side of the combs' crops, in px.
        preset: Of `pecten train`, whose settings the combs have.
        seed: Of weights and draws, where a method takes one.
        device: "auto", "cpu" or "cuda".
    """

    size: int = 256
    preset: str = "quick"
    seed: int = 0
    device: str = "auto"


Make = Callable[[Setting, Path], SwapModel]
"""Makes an untaught method, given the folder that keeps its training."""


@dataclass(frozen=True)
class Method:
    """A method of the comparison.

    Attributes:
        key: On the command line.
        name: In tables.
        scope: Whom one network serves: all performers, a pair both ways, or a pair in one direction.
        size: Side of its crops in px, under a setting.
        make: Makes it.
        customary: How it usually puts its face in; None where that is our own way.
        ours: Whether it is one of Pecten's.
        budgeted: Whether teaching spends the budget; otherwise there is none to speak of.
        learns: Whether it looks at the performers' crops here at all.
        cost_s: Rough CPU time of an image in training, one core, in s; for the plan's estimate.
        stamp: Tells two methods of one key apart, such as two given combs.
    """

    key: str
    name: str
    scope: Scope
    size: Callable[[Setting], int]
    make: Make
    customary: Recipe | None = SEAMLESS
    ours: bool = False
    budgeted: bool = True
    learns: bool = True
    cost_s: float = 0.0
    stamp: str = ""


def _fixed(size: int) -> Callable[[Setting], int]:
    return lambda setting: size


def _comb_size(setting: Setting) -> int:
    return setting.size


METHODS: Mapping[str, Method] = {
    method.key: method
    for method in (
        Method(
            "comb", "comb, all in one", "all", _comb_size,
            lambda s, folder: all_together(s.size, folder, s.preset, s.device), None, True, cost_s=0.035,
        ),
        Method(
            "comb-studio", "comb of the preset studio", "all", _comb_size,
            lambda s, folder: all_together(s.size, folder, "studio", s.device), None, True, cost_s=0.14,
        ),
        Method(
            "comb-two-way", "comb, two-way", "pair", _comb_size,
            lambda s, folder: two_way(s.size, folder, s.preset, s.device), None, True, cost_s=0.035,
        ),
        Method(
            "comb-single-stage", "comb, single stage", "all", _comb_size,
            lambda s, folder: single_stage(s.size, folder, s.preset, s.device), None, True, cost_s=0.06,
        ),
        Method(
            "comb-paper-like", "comb of the published shape", "all", _comb_size,
            lambda s, folder: paper_like(s.size, folder, s.device), PAPER, True, cost_s=0.6,
        ),
        Method(
            "deepfakes-64", "deepfakes 64", "pair", _fixed(64),
            lambda s, folder: deepfakes(64, s.seed, s.device, folder), cost_s=0.19,
        ),
        Method(
            "deepfakes-128", "deepfakes 128", "pair", _fixed(128),
            lambda s, folder: deepfakes(128, s.seed, s.device, folder), cost_s=0.65,
        ),
        Method(
            "dfl-df-128", "DeepFaceLab DF 128", "pair", _fixed(128),
            lambda s, folder: deepfacelab("df", 128, s.seed, s.device, folder=folder), cost_s=1.4,
        ),
        Method(
            "dfl-liae-128", "DeepFaceLab LIAE 128", "direction", _fixed(128),
            lambda s, folder: deepfacelab("liae", 128, s.seed, s.device, folder=folder), cost_s=1.6,
        ),
        Method(
            "nirkin", "Nirkin et al., target's shape", "all", _comb_size,
            lambda s, _: Nirkin(s.size), budgeted=False,
        ),
        Method(
            "nirkin-source-shape", "Nirkin et al., source's shape", "all", _comb_size,
            lambda s, _: Nirkin(s.size, "source"), budgeted=False,
        ),
    )
}  # fmt: skip
"""By key, in the order of the tables."""

QUICK = ("comb", "comb-single-stage", "deepfakes-64", "nirkin")
"""What a quick run compares: what two cores can teach in minutes (DeepFaceLab's networks cost a second an image)."""


@final
class GivenComb:
    """A trained comb under the rules of `SwapModel`: it is taught nothing here.

    Args:
        path: The comb, or its folder.
        device: "auto", "cpu" or "cuda".
    """

    def __init__(self, path: Path, device: str = "auto") -> None:
        self._path, self._header = path, read_header(path)
        self._comb = load_comb(path).to(choose_device(device))
        self.name, self.size = "given comb", self._comb.config.size

    @property
    def comb(self) -> Comb:
        """As it was read."""
        return self._comb

    def teach(self, people: Mapping[str, CropSet], budget: Budget, progress: Progress = silent) -> int:
        """Return the images that it has seen, whatever the budget."""
        for identity in people:
            self._comb.config.check_identity(identity, str(self._path))
        return int(self._header.get("images_seen", 0))

    def show(self, crops: Crops, source: str) -> Crops:
        """Show crops as one of its identities; see `SwapModel.show`."""
        return swap_crops(self._comb, source, crops)


def given(path: Path, identities: Sequence[str]) -> Method:
    """Let a trained comb take part.

    Args:
        path: The comb, or its folder.
        identities: Whom it must know.
    Raises:
        CombError: if it is none, or does not know them.
    """
    from pecten.comb.config import CombConfig

    config = CombConfig.from_dict(read_header(path)["config"])
    for identity in identities:
        config.check_identity(identity, str(path))
    return Method(
        GIVEN,
        f"given comb {config.size}",
        "all",
        _fixed(config.size),
        lambda setting, _: GivenComb(path, setting.device),
        None,
        True,
        budgeted=False,
        learns=False,
        stamp=sha256_of(file_of(path)),
    )


def choose(keys: Sequence[str], more: Mapping[str, Method] | None = None) -> tuple[Method, ...]:
    """Return methods by key, in the order asked for.

    Args:
        keys: Of `METHODS`, or of `more`.
        more: Methods that this run alone knows.
    Raises:
        UsageError: if there is no such method, or one is named twice.
    """
    known = {**METHODS, **(more or {})}
    for place, key in enumerate(keys):
        if key not in known:
            hint = "give its comb with --comb" if key == GIVEN else f"choose among {', '.join(known)}"
            raise UsageError(f"method {key}: {hint}")
        if key in keys[:place]:
            raise UsageError(f"method {key}: named twice; name each once")
    return tuple(known[key] for key in keys)
