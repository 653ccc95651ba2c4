"""The same test as a configuration for webMUSHRA, for those who run its server.

Keys mean what webMUSHRA's source makes of them, at the commits that docs/listening.md names. Its paired comparison asks which
sample *is the reference*, not which one is better, so an AB preference test has no equivalent there and is not exported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tts.core.audio import write_wav
from tts.core.errors import UsageError
from tts.core.files import write_text
from tts.listening.design import ANCHOR, CONSENT, Design, Field, reference_of

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
    kinds = [kind for kind in ("mos", "mushra") if kind in design.kinds]
    if not kinds:
        raise UsageError(
            "webMUSHRA has no AB preference page (its paired comparison asks which sample is the reference); add mos or mushra"
        )
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise UsageError(f"{folder}: is there already and not empty; remove it or choose another name")
    audio = Path("configs") / "resources" / "audio" / design.test_id
    longest: dict[str, int] = {}
    for name, (_, sentence) in design.names.items():
        longest[sentence] = max(longest.get(sentence, 0), len(design.sounds[name]))
    files: dict[str, str] = {}
    for name, sound in design.sounds.items():
        padded = np.pad(sound, (0, longest[design.names[name][1]] - len(sound)))
        write_wav(folder / audio / f"{name}.wav", padded, design.sample_rate)
        files[name] = (audio / f"{name}.wav").as_posix()
    consent = CONSENT_ON_A_SERVER if design.consent == CONSENT else design.consent
    pages: list[Any] = [
        {
            "type": "consent",
            "id": "consent",
            "name": design.title,
            "mustConsent": True,
            "content": f"<p>{_plain(consent)}</p>",
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
    strict = max(longest.values()) <= LONGEST * design.sample_rate
    make = {"mos": _mos_pages, "mushra": lambda *given: [_mushra_page(*given, reference=reference_of(design), strict=strict)]}
    for kind in kinds:
        pages.append(["random", *(page for trial in design.trials[kind] for page in make[kind](design, trial, files))])
    questions = [_question(LISTENER, optional=False), *(_question(field) for field in design.fields)]
    pages.append(
        {
            "type": "finish",
            "name": "Send your answers",
            "content": LAST_PAGE,
            "popupContent": "Thank you for listening! You may close this page.",
            "showResults": False,
            "showErrors": "mos" in kinds,  # its write.php fails after saving where no trial has scales to count
            "writeResults": True,
            "questionnaire": questions,
        }
    )
    config = {
        "testname": design.title,
        "testId": design.test_id,
        "bufferSize": 2048,
        "stopOnErrors": True,
        "showButtonPreviousPage": False,
        "remoteService": "service/write.php",
        "pages": pages,
    }
    path = folder / "configs" / f"{design.test_id}.yaml"
    write_text(path, _yaml(config))
    return path


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


def _mos_pages(design: Design, trial: Mapping[str, Any], files: Mapping[str, str]) -> list[dict[str, Any]]:
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
        for name in trial["stimuli"]
    ]


def _mushra_page(
    design: Design, trial: Mapping[str, Any], files: Mapping[str, str], *, reference: str | None, strict: bool
) -> dict[str, Any]:
    """Return one trial; webMUSHRA adds the hidden reference itself, the anchor is ours so that both pages play the same."""
    named = {design.names[name][0]: files[name] for name in trial["stimuli"]}
    return {
        "type": "mushra",
        "id": _sent(design.names[trial["reference"]][1]),
        "name": "Rate each version against the reference",
        "content": "One version is the reference itself and should get 100.",
        "showWaveform": False,
        "enableLooping": True,
        "strict": strict,
        "reference": files[trial["reference"]],
        "createAnchor35": False,
        "createAnchor70": False,
        "randomize": True,
        "showConditionNames": False,
        "stimuli": {_sent(name): path for name, path in named.items() if name != reference} | {ANCHOR: named[ANCHOR]},
    }


def _question(field: Field, optional: bool = True) -> dict[str, Any]:
    """Return a question of the last page; numbers are asked as text, for a number without a default reads "undefined" there."""
    asked: dict[str, Any] = {"type": "text", "name": field.name, "label": field.label, "optional": optional}
    if field.kind == "choice":
        asked |= {"type": "likert", "response": [{"value": _attribute(choice), "label": choice} for choice in field.choices]}
    return asked


def _attribute(choice: str) -> str:
    return _sent(choice).replace("'", "&#39;")  # its pages put values between apostrophes


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
