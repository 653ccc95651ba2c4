"""The test as one HTML file: audio, program and style inside, nothing fetched, nothing sent."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tts.core.files import write_text
from tts.listening.design import Design, condition_name, reference_of

SCRIPTS = ("order.js", "player.js", "results.js", "widgets.js", "trials.js", "pages.js")


@dataclass(frozen=True)
class OpinionTable:
    """What models of listeners say of a test's systems: a table of text, and a note on how to read it.

    The page shows it when a listener has saved every answer, so that it sways none.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


def write_page(design: Design, out: Path, opinions: OpinionTable | None = None) -> None:
    """Write a designed test as one HTML file, atomically; ``opinions`` for its last page."""
    assets = resources.files("tts.listening").joinpath("assets")
    style = assets.joinpath("page.css").read_text(encoding="utf-8")
    parts = [assets.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS]
    script = "\n".join(['"use strict";', "(() => {", *parts, "})();\n"])
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; base-uri 'none'; form-action 'none'"
    )
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{html.escape(design.options.title)}</title>
<style>{style}</style>
</head>
<body>
<noscript><p>This listening test needs JavaScript, which is switched off in this browser.</p></noscript>
<script type="application/json" id="test">{_json(_payload(design, opinions))}</script>
<script type="application/json" id="sounds">{_json(_encoded(design))}</script>
<script>{script}</script>
</body>
</html>
"""
    write_text(out, page)


def _payload(design: Design, opinions: OpinionTable | None) -> dict[str, Any]:
    options = design.options
    return {
        "title": options.title,
        "id": design.test_id,
        "seed": options.seed,
        "rate": design.sample_rate,
        "minutes": design.minutes,
        "minimum": options.minimum,
        "consent": options.consent,
        "fields": [asdict(field) for field in options.fields],
        "kinds": options.kinds,
        "trials": {kind: [trial.to_dict() for trial in trials] for kind, trials in design.trials.items()},
        "practice": design.practice,
        "key": _key(design),
        "opinions": None if opinions is None else _veiled(asdict(opinions)),
    }


def _encoded(design: Design) -> dict[str, str]:
    """Return the sounds as base64 FLAC by id: lossless, and half the size of wav."""
    return {name: base64.b64encode(flac_bytes(sound, design.sample_rate)).decode() for name, sound in design.sounds.items()}


def flac_bytes(signal: np.ndarray, sample_rate: int) -> bytes:
    """Return mono samples in -1..1 as a 16-bit FLAC file."""
    buffer = io.BytesIO()
    soundfile.write(buffer, signal, sample_rate, subtype="PCM_16", format="FLAC")
    return buffer.getvalue()


def _key(design: Design) -> str:
    """Return the names of all stimuli by id, in base64.

    It keeps names out of what a listener sees or finds by searching the source; it is no secret from someone who looks for it.
    """
    reference = reference_of(design)
    named = {
        name: {"system": system, "condition": condition_name(system, reference), "sentence": sentence}
        for name, (system, sentence) in design.names.items()
    }
    return _veiled(named)


def _veiled(value: Any) -> str:
    """Return JSON in base64."""
    return base64.b64encode(json.dumps(value, ensure_ascii=False).encode()).decode()


def _json(value: Any) -> str:
    """Return JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
