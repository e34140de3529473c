"""`pecten comb`: trained combs taken apart, put together, handed on."""

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pecten.cli.options import Consent, DryRun, Overwrite, Threads, check_place, permitted, use_threads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pecten.comb.model import Comb

KEEP_EXAMPLES = """
\b
Examples:
  pecten comb keep comb/ ada -o ada.safetensors --half      # encoder and ada's decoder alone
"""
DROP_EXAMPLES = """
\b
Examples:
  pecten comb drop comb/ bruno -o without_bruno/
"""
MIX_EXAMPLES = """
\b
Examples:
  pecten comb mix comb/ ada_young=0.3 ada_old=0.7 --name ada_at_50 -o comb_at_50/
"""
SHARPEN_EXAMPLES = """
\b
Examples:
  pecten comb sharpen comb/ faces/ada faces/bruno -o sharper/
"""
EXPORT_EXAMPLES = """
\b
Examples:
  pecten comb export comb/ --source ada -o ada.onnx
  pecten comb export comb/ --source ada -o ada.xml        # OpenVINO
  pecten comb export comb/ --source ada -o ada.pt         # TorchScript, for Nuke's CatFileCreator
"""
LATENT_EXAMPLES = """
\b
Examples:
  pecten comb latent comb/ faces/ada faces/bruno -o latent/      # how they overlap, what edits do
  pecten comb latent comb/ faces/ada faces/plate --source ada -o latent/
"""
app = typer.Typer(no_args_is_help=True)
Source = Annotated[Path, typer.Argument(help="Folder or file of a trained comb.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder, or a .safetensors file, to write.")]
Half = Annotated[bool, typer.Option("--half", help="Write 16-bit weights: half the size.")]


@app.command("keep", epilog=KEEP_EXAMPLES)
def keep(
    comb: Source,
    identities: Annotated[list[str], typer.Argument(help="Identities to keep.")],
    out: Out,
    half: Half = False,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
) -> None:
    """Write a comb of some of its identities."""
    from pecten.comb.surgery import rearranged

    loaded = _load(comb, identities)
    _write(rearranged(loaded, identities), comb, out, half, overwrite, dry_run)


@app.command("drop", epilog=DROP_EXAMPLES)
def drop(
    comb: Source,
    identities: Annotated[list[str], typer.Argument(help="Identities to take out.")],
    out: Out,
    half: Half = False,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
) -> None:
    """Write a comb without some of its identities. The encoder has seen them in training all the same."""
    from pecten.comb.surgery import rearranged
    from pecten.errors import UsageError

    loaded = _load(comb, identities)
    left = [identity for identity in loaded.config.identities if identity not in identities]
    if not left:
        raise UsageError(f"{comb}: nobody would be left: keep at least one identity")
    _write(rearranged(loaded, left), comb, out, half, overwrite, dry_run)


@app.command("mix", epilog=MIX_EXAMPLES)
def mix(
    comb: Source,
    shares: Annotated[list[str], typer.Argument(help="NAME=SHARE for each look.")],
    out: Out,
    name: Annotated[str, typer.Option("--name", help="Of the new identity; it needs a consent record of its own.")],
    half: Half = False,
    overwrite: Overwrite = False,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Add an identity between others: one performer's looks, mixed by degrees."""
    from pecten.comb.surgery import mixed

    chosen = _shares(shares)
    loaded = _load(comb, list(chosen))
    for identity in chosen:
        permitted(identity, "appearance", consent)
    _write(mixed(loaded, chosen, name), comb, out, half, overwrite, dry_run)


@app.command("sharpen", epilog=SHARPEN_EXAMPLES)
def sharpen(
    comb: Source,
    datasets: Annotated[list[Path], typer.Argument(help="Folders made by `pecten faces`, one a performer.")],
    out: Out,
    half: Half = False,
    overwrite: Overwrite = False,
    threads: Threads = 0,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Fit performers' fine detail once more to their footage: freckles, lashes, the hair of brows and beards.

    Trainings that Pecten makes now end with it; this is for combs of older ones. What the footage shows of irises and
    shut eyes is kept, too, where the comb has irises and has kept none.
    """
    from pecten.cli.screen import Screen
    from pecten.cli.train import read_datasets
    from pecten.dataset.crops import load_crops
    from pecten.errors import UsageError
    from pecten.training.eyes import look_at_eyes
    from pecten.training.sharpen import sharpen as fit

    names = [record.identity for record in read_datasets(datasets, consent, alone=True)]
    loaded = _load(comb, names)
    if not loaded.config.texture:
        raise UsageError(
            f"{comb}: has no texture to sharpen: give it one with `pecten train --from {comb} --texture 2`"
        )
    use_threads(threads)
    if not dry_run:
        _check_free(_file_at(out), overwrite)
        with Screen() as screen:
            for folder in datasets:
                crops = load_crops(folder, loaded.config.size)
                fit(loaded, crops, screen)
                if loaded.config.irises:
                    look_at_eyes([loaded], crops)
    everybody = set(names) == set(loaded.config.identities)
    _write(loaded, comb, out, half, overwrite, dry_run, {"sharpened": True} if everybody else None)


@app.command("export", epilog=EXPORT_EXAMPLES)
def export(
    comb: Source,
    source: Annotated[str, typer.Option("--source", "-s", help="Whose decoder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .onnx, .xml (OpenVINO) or .pt.")],
    overwrite: Overwrite = False,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Write the encoder and one decoder for another program: crops in, faces out, (n, 3, size, size) in [0, 1]."""
    from pecten import __version__
    from pecten.comb.export import check_format
    from pecten.comb.export import export as write
    from pecten.comb.weights import file_of
    from pecten.consent import fingerprint
    from pecten.files import sha256_of

    loaded = _load(comb, [source])
    record = permitted(source, "appearance", consent)
    check_format(out)
    for path in (out, out.with_suffix(".bin")) if out.suffix == ".xml" else (out,):
        _check_free(path, overwrite)
    if dry_run:
        typer.echo(f"would write {source}'s decoder of {comb} to {out}")
        return
    about = {
        "version": __version__,
        "comb_sha256": sha256_of(file_of(comb)),
        "source_record": record.record_id,
        "source_record_sha256": fingerprint(record),
    }
    write(loaded, source, out, about)
    typer.echo(f"wrote {out}: {loaded.config.size} px, {source}'s decoder; pictures it makes carry no credentials")


@app.command("latent", epilog=LATENT_EXAMPLES)
def latent(
    comb: Source,
    datasets: Annotated[list[Path], typer.Argument(help="Folders made by `pecten faces`, one a performer.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the pictures and figures.")],
    source: Annotated[
        list[str] | None,
        typer.Option("--source", "-s", help="Whose training the others are judged by (again for more). [default: all]"),
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Take each n-th frame of a clip.")] = 1,
    threads: Threads = 0,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Draw where performers lie in a comb's latent space, and say which frames lie outside another's training.

    What the space means is kept beside the comb, for `pecten swap --edit` and its warnings.
    """
    from pecten.comb.latent_file import latent_file
    from pecten.comb.weights import file_of, load_comb
    from pecten.errors import UsageError
    from pecten.faces.records import load_dataset

    loaded = load_comb(comb)
    records = [load_dataset(folder) for folder in datasets]
    names = [record.identity for record in records]
    taught = [name for name in names if name in loaded.config.identities]
    if len(set(names)) < len(names):
        raise UsageError(f"{datasets[0]}: two folders of one performer: give one a performer")
    for name in source or taught:
        loaded.config.check_identity(name, str(comb))
        if name not in names:
            raise UsageError(f"--source {name}: give the folder of the faces that {name} was trained on, too")
    if not taught:
        raise UsageError(f"{comb}: none of {', '.join(names)} is in it: give faces that it was trained on")
    for name in taught:
        permitted(name, "appearance", consent)
    check_place(out)
    beside = latent_file(file_of(comb))
    if dry_run:
        typer.echo(f"would draw the latents of {', '.join(names)} in {out}, and keep what they mean in {beside}")
        return
    use_threads(threads)
    for line in _explore(loaded, datasets, source or taught, out, beside, every):
        typer.echo(line)


def _explore(comb: "Comb", datasets: list[Path], sources: list[str], out: Path, beside: Path, every: int) -> list[str]:
    """Encode, learn, draw and write; return what is to be said."""
    from pecten.cli.screen import Screen
    from pecten.comb.latent import latents_of, learn_latents
    from pecten.comb.latent_file import save_latents
    from pecten.comb.latent_folder import LatentFolder
    from pecten.comb.latent_map import Encoded, draw_map, draw_strips, draw_worst, frame_name, overlaps
    from pecten.dataset.crops import load_crops

    encoded: dict[str, Encoded] = {}
    with Screen() as screen:
        for done, folder in enumerate(datasets, 1):
            crops = load_crops(folder, comb.config.size, every)
            encoded[crops.identity] = Encoded(crops, *latents_of(comb, crops))
            screen("encode", done, len(datasets))
    taught = {name: one for name, one in encoded.items() if name in comb.config.identities}
    record = learn_latents({n: e.latents for n, e in taught.items()}, {n: e.described for n, e in taught.items()})
    save_latents(beside, record, comb)
    shown = LatentFolder(out)
    lines = [f"wrote {shown.draw('latent.png', draw_map(encoded))} and {beside}"]
    pairs, judged = overlaps(encoded), dict[str, object]()
    for one, other, mixed, apart in pairs:
        lines.append(f"{one} and {other}: neighbours mix {mixed:.2f} (1 is one cloud, 0 apart), MMD {apart:.3f}")
    for source in sources:
        shown.draw(f"directions_{source}.png", draw_strips(comb, record, taught[source], source))
        for target, seen in encoded.items():
            if target == source:
                continue
            ratios = record.beyond(source, seen.latents, seen.described)
            names = [frame_name(name) for name, ratio in zip(seen.crops.names, ratios, strict=True) if ratio > 1]
            judged[f"{target} on {source}"] = {"frames": len(ratios), "beyond": names}
            picture = draw_worst(seen, ratios, source)
            if picture is not None:
                place = shown.draw(f"beyond_{source}_{target}.png", picture)
                lines.append(
                    f"WARNING: {len(names)} of {len(ratios)} frames of {target} lie outside what {source} was trained "
                    f"on, such as {', '.join(names[:3])}: look at {place}"
                )
    mixing = [{"identities": [a, b], "neighbours_mix": m, "mmd": d} for a, b, m, d in pairs]
    shown.finish({"overlap": mixing, "beyond": judged})
    return lines


def _load(path: Path, identities: list[str]) -> "Comb":
    from pecten.comb.weights import load_comb

    loaded = load_comb(path)
    for identity in identities:
        loaded.config.check_identity(identity, str(path))
    return loaded


def _shares(words: list[str]) -> dict[str, float]:
    from pecten.errors import UsageError

    shares: dict[str, float] = {}
    for word in words:
        identity, sign, share = word.rpartition("=")
        try:
            value = float(share)
        except ValueError:
            sign = ""
            value = 0.0
        if not sign or not identity or identity in shares or not math.isfinite(value):
            raise UsageError(f"{word}: not a share: write each look once, as NAME=0.3")
        shares[identity] = value
    return shares


def _write(
    made: "Comb",
    base: Path,
    out: Path,
    half: bool,
    overwrite: bool,
    dry_run: bool,
    more: "Mapping[str, object] | None" = None,
) -> None:
    from pecten.comb.weights import file_of, read_header, save_comb
    from pecten.files import sha256_of

    path = _file_at(out)
    _check_free(path, overwrite)
    names = ", ".join(made.config.identities)
    if dry_run:
        typer.echo(f"would write a comb of {names} to {path}")
        return
    header = read_header(base)
    kept = {key: value for key, value in header.items() if key in {"images_seen", "level", "sharpened"}}
    seen = header.get("seen", {})
    kept["seen"] = {identity: seen[identity] for identity in made.config.identities if identity in seen}
    save_comb(path, made, {**kept, "made_from_sha256": sha256_of(file_of(base)), **(more or {})}, half)
    _carry_latents(base, path)
    typer.echo(f"wrote {path}: comb of {names}")


def _file_at(out: Path) -> Path:
    from pecten.comb.weights import FILE_NAME

    return out if out.suffix == ".safetensors" else out / FILE_NAME


def _carry_latents(base: Path, path: Path) -> None:
    """Keep what is known of the latents: the encoder is the same."""
    from pecten.comb.latent_file import latent_file, load_latents, save_latents
    from pecten.comb.weights import load_comb

    record = load_latents(base, load_comb(base))
    made = load_comb(path)
    if record is not None:
        kept = {name: held for name, held in record.territories.items() if name in made.config.identities}
        save_latents(latent_file(path), replace(record, territories=kept), made)


def _check_free(path: Path, overwrite: bool) -> None:
    from pecten.errors import UsageError

    check_place(path.parent)
    if path.exists() and not overwrite:
        raise UsageError(f"{path}: exists already: choose another name, or give --overwrite")
