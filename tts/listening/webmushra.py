"""The same test as a configuration for webMUSHRA, for those who run its server.

Keys mean what webMUSHRA's source makes of them, at the commits that docs/listening.md names. Its paired comparison asks which
sample *is the reference*, not which one is better, so an AB preference test has no equivalent there and is not exported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tts.core.audio import write_wav
from tts.core.errors import UsageError
from tts.core.files import write_text
from tts.listening.design import ANCHOR, CONSENT, Design, Field, Trial

LONGEST = 12.0  # seconds; above, webMUSHRA's check of conformity with BS.1534 refuses a stimulus
SCALE = {1: "Bad", 2: "Poor", 3: "Fair", 4: "Good", 5: "Excellent"}
LISTENER = Field("listener", "Your name or number, so that your answers stay together")
LAST_PAGE = (
    "Please fill this in and press the button below: only then are your answers sent. Use letters, digits and spaces; with "
    "signs such as &amp; nothing would arrive."
)
CONSENT_ON_A_SERVER = (
    "You will hear short recordings of speech and say how they sound. Taking part is voluntary and you may stop at any time by "
    "closing this page. At the end your ratings, how long each took, and what you say about yourself are sent to the server "
    "that this page came from."
)


def write_webmushra(design: Design, folder: Path, *, overwrite: bool = False) -> Path:
    """Write ``folder/configs/ID.yaml`` with its wavs under ``folder/configs/resources/audio/ID``; return the configuration.

    Copy ``configs`` into a webMUSHRA folder and open ``?config=ID.yaml``. Stimuli of a sentence are padded with silence to one
    length, which webMUSHRA's switching needs; file names say nothing about systems. MOS comes first in any case.
    Raises :class:`UsageError` without MOS or MUSHRA, and where ``folder`` has something in it unless ``overwrite``.
    """
    # Its write.php counts the scales of the very first trial; after a MUSHRA trial it would not save MOS answers under PHP 8.
    kinds = [kind for kind in ("mos", "mushra") if kind in design.options.kinds]
    if not kinds:
        raise UsageError(
            "webMUSHRA has no AB preference page (its paired comparison asks which sample is the reference); add mos or mushra"
        )
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise UsageError(f"{folder}: is there already and not empty; remove it or choose another name")
    files, longest = _write_sounds(design, folder)
    pages = _first_pages(design, files)
    for kind in kinds:
        trials = design.trials[kind]
        if kind == "mos":
            asked = [page for trial in trials for page in _mos_pages(design, trial, files)]
        else:
            asked = [_mushra_page(design, trial, files, strict=longest <= LONGEST) for trial in trials]
        pages.append(["random", *asked])
    config = {
        "testname": design.options.title,  # it is put into the page as text, all else as HTML
        "testId": design.test_id,
        "bufferSize": 2048,
        "stopOnErrors": True,
        "showButtonPreviousPage": False,
        "remoteService": "service/write.php",
        "pages": [*pages, _last_page(design, kinds)],
    }
    path = folder / "configs" / f"{design.test_id}.yaml"
    write_text(path, _yaml(config))
    return path


def _write_sounds(design: Design, folder: Path) -> tuple[dict[str, str], float]:
    """Write the wavs, those of a sentence at one length; return their places by id and the longest length in seconds."""
    audio = Path("configs") / "resources" / "audio" / design.test_id
    lengths: dict[str, int] = {}
    for name, (_, sentence) in design.names.items():
        lengths[sentence] = max(lengths.get(sentence, 0), len(design.sounds[name]))
    files = {}
    for name, sound in design.sounds.items():
        padded = np.pad(sound, (0, lengths[design.names[name][1]] - len(sound)))
        write_wav(folder / audio / f"{name}.wav", padded, design.sample_rate)
        files[name] = (audio / f"{name}.wav").as_posix()
    return files, max(lengths.values()) / design.sample_rate


def _first_pages(design: Design, files: Mapping[str, str]) -> list[Any]:
    consent = CONSENT_ON_A_SERVER if design.options.consent == CONSENT else design.options.consent
    return [
        {
            "type": "consent",
            "id": "consent",
            "name": _html(design.options.title),
            "mustConsent": True,
            "content": f"<p>{_html(consent)}</p>",
        },
        {
            "type": "volume",
            "id": "volume",
            "name": "Volume",
            "content": "Set a comfortable volume and leave it as it is until the end.",
            "stimulus": files[design.practice[0]],
            "defaultVolume": 0.5,
        },
    ]


def _last_page(design: Design, kinds: Sequence[str]) -> dict[str, Any]:
    questions = [_question(LISTENER, optional=False), *(_question(field) for field in design.options.fields)]
    return {
        "type": "finish",
        "name": "Send your answers",
        "content": LAST_PAGE,
        "popupContent": "Thank you for listening! You may close this page.",
        "showResults": False,
        "showErrors": "mos" in kinds,  # its write.php fails after saving where no trial has scales to count
        "writeResults": True,
        "questionnaire": questions,
    }


class _Dumper(yaml.SafeDumper):
    """Quotes all but simple texts: yaml.js takes more for numbers than YAML does, such as 08 and 1e3."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write the same scale out on every page."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key, which yaml.js before 0.2 needs."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = re.fullmatch(r"[^\W\d_][\w .,?/-]*", text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)


def _yaml(config: Mapping[str, Any]) -> str:
    """Return YAML that webMUSHRA's reader, yaml.js, takes: it knows neither texts over several lines nor ``- - item``."""
    text = yaml.dump(dict(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)
    return text.replace("\n  - - random\n", "\n  -\n    - random\n")


def _sent(name: str) -> str:
    """Return what comes back as ``name``: its pages post results without escaping them, and the server unescapes them."""
    return re.sub("[%&+]", lambda found: f"%{ord(found[0]):02X}", name)


def _mos_pages(design: Design, trial: Trial, files: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a page a stimulus: the stimuli of one page follow each other there, and a sentence would come all in a row."""
    return [
        {
            "type": "likert_single_stimulus",
            "id": _sent(design.names[name][1]),
            "name": "How natural does it sound?",
            "content": "Judge the voice, not the sentence.",
            "mustRate": True,
            "mustPlayback": "ended",
            "stimuli": {_sent(design.names[name][0]): files[name]},
            "response": [{"value": str(value), "label": f"{value} {word}"} for value, word in SCALE.items()],
        }
        for name in trial.stimuli
    ]


def _mushra_page(design: Design, trial: Trial, files: Mapping[str, str], *, strict: bool) -> dict[str, Any]:
    """Return one trial; webMUSHRA adds the hidden reference itself, the anchor is ours so that both pages play the same."""
    assert trial.reference is not None
    named = {design.names[name][0]: files[name] for name in trial.stimuli}
    reference = design.options.reference
    return {
        "type": "mushra",
        "id": _sent(design.names[trial.reference][1]),
        "name": "Rate each version against the reference",
        "content": "One version is the reference itself and should get 100.",
        "showWaveform": False,
        "enableLooping": True,
        "strict": strict,
        "reference": files[trial.reference],
        "createAnchor35": False,
        "createAnchor70": False,
        "randomize": True,
        "showConditionNames": False,
        "stimuli": {_sent(name): path for name, path in named.items() if name != reference} | {ANCHOR: named[ANCHOR]},
    }


def _question(field: Field, optional: bool = True) -> dict[str, Any]:
    """Return a question of the last page; numbers are asked as text, for a number without a default reads "undefined" there."""
    asked: dict[str, Any] = {"type": "text", "name": field.name, "label": _html(field.label), "optional": optional}
    if field.kind == "choice":
        responses = [{"value": _attribute(choice), "label": _html(choice)} for choice in field.choices]
        asked |= {"type": "likert", "response": responses}
    return asked


def _attribute(choice: str) -> str:
    """Return the value of a choice, which its pages put between apostrophes."""
    return _sent(choice).replace("'", "&#39;").replace("<", "&lt;")


def _html(text: str) -> str:
    """Return a text as HTML, which its pages put in as it is: names of pages, labels, contents."""
    return escape(text, quote=False).replace("\n", "<br>")
