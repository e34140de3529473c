"""The page of a benchmark stands alone, shows everything, and lets no name break it."""

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pecten.benchmark.report import Figure, Table
from pecten.benchmark.swap_page import write_page
from swap_support import FRAMES, NASTY, small_results

VOID = {"meta", "img", "input", "br", "hr", "link"}
TABLES = (
    Table(
        "In the <crop>",
        ("method", "PSNR, dB (higher is better)", "restlessness (1 is right)"),
        (
            ("Our comb, 256 px", "30.20 (29.9 to 30.5)", "0.90"),
            (NASTY, "9.75 (9.7 to 9.8)", "1.20"),
            ("the truth", "99.00", "1.00"),
        ),
    ),
)
FIGURES = (Figure("PSNR: better by <", 3.0, "dB", 0.0, True, "sure"), Figure("seam", float("nan")))


class Reader(HTMLParser):
    """Checks that elements close in order, and keeps what matters."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)


def page(root: Path, **options: Any) -> tuple[str, Reader, dict[str, Any]]:
    results = small_results(root)
    text = write_page(root / "page.html", results, root, TABLES, FIGURES, **options).read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert held is not None
    return text, reader, json.loads(held.group(1), parse_constant=pytest.fail)


def test_the_page_stands_alone(tmp_path: Path) -> None:
    text, reader, _ = page(tmp_path, files=[tmp_path / "sheets" / "a b.png"])
    assert not re.search(r"https?://|//[a-z]|@import|url\(", re.sub(r"data:image/jpeg;base64,[\w+/=]+", "", text))
    assert not [tag for tag, _ in reader.tags if tag in ("link", "iframe", "object", "embed", "base", "form")]
    for tag, held in reader.tags:
        for name in ("src", "srcset", "action"):
            assert name not in held, tag
    targets = [held["href"] for tag, held in reader.tags if tag == "a"]
    assert all(str(target).startswith(("#", "sheets/")) for target in targets)
    policy = next(held["content"] for tag, held in reader.tags if "http-equiv" in held)
    assert str(policy).startswith("default-src 'none'")
    named = [held["id"] for _, held in reader.tags if "id" in held]
    assert len(named) == len(set(named))
    assert set(re.findall(r'byId\("([\w-]+)"\)', text)) <= {*named, "now"}


def test_every_method_is_there_and_no_name_breaks_it(tmp_path: Path) -> None:
    text, reader, data = page(tmp_path)
    assert [method["name"] for method in data["methods"]] == [
        "Our comb, 256 px",
        NASTY,
        "plate, unchanged",
        "the truth",
    ]
    words = "".join(reader.words)
    for name in (
        "Our comb, 256 px",
        NASTY,
        "Swaps & <others>",
        "A note with <b>.",
        "In the <crop>",
        "PSNR: better by <",
    ):
        assert name in words
    assert NASTY not in text
    assert not any("onclick" in held for _, held in reader.tags)


def test_values_and_pictures_are_the_results(tmp_path: Path) -> None:
    _, _, data = page(tmp_path, frames=2)
    assert [scene["title"].split(": ")[1] for scene in data["scenes"]][:1] == ["in the crop"]
    scene = data["scenes"][0]
    assert scene["frames"] == list(FRAMES)
    # Two frames evenly, and the worst one.
    assert scene["shown"] == [0, 8, 9]
    assert scene["values"]["comb"]["psnr"] == [30, 30, 30, 29, 30]
    assert scene["values"]["truth"]["psnr"] == [None] * 5
    assert scene["values"]["comb"]["restless"] == [None, 1.1, None, None, None]
    address = data["images"][scene["pictures"]["comb"][1]]
    coded = base64.b64decode(address.removeprefix("data:image/jpeg;base64,"))
    image = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert image is not None
    assert abs(int(image[40, 40, 0]) - 198) <= 2
    assert "truth" not in data["scenes"][3]["pictures"]
    # Plate and truth are the same in every scene, and held once.
    assert len(data["images"]) == len(set(data["images"])) == 3 * 4


def test_tables_sort_by_number_and_mark_the_best(tmp_path: Path) -> None:
    _, reader, _ = page(tmp_path)
    cells = [held for tag, held in reader.tags if tag == "td"]
    assert {"data-value": "30.20", "class": "best"} in cells
    assert {"data-value": "0.90", "class": "best"} in cells
    assert {"data-value": "99.00"} in cells
    assert {"data-value": "9.75"} in cells
    assert sum(held.get("class") == "best" for held in cells) == 2
    assert sum(tag == "tr" and held.get("class") == "reference" for tag, held in reader.tags) == 1
    assert all("aria-sort" in held for tag, held in reader.tags if tag == "th")


def test_the_worst_frames_point_to_pictures_of_the_page(tmp_path: Path) -> None:
    _, reader, data = page(tmp_path)
    targets = [json.loads(str(held["data-worst"])) for _, held in reader.tags if "data-worst" in held]
    assert {(index, method) for index, method, _ in targets} == {(i, m) for i in range(4) for m in ("comb", "other")}
    for index, method, frame in targets:
        assert frame == 8
        assert frame in data["scenes"][index]["shown"]
        assert method in data["scenes"][index]["pictures"]


def test_a_benchmark_that_showed_nothing_still_has_a_page(tmp_path: Path) -> None:
    results = replace(small_results(tmp_path), taken=())
    text = write_page(tmp_path / "empty.html", results, tmp_path).read_text(encoding="utf-8")
    assert "<section" not in text
    assert text.count("<script") == 1
