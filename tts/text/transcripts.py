"""The sentences of a whole corpus, remembered on disk, so that work interrupted or done before is not done again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tts.core.errors import TtsError
from tts.core.files import fingerprint, make_folder
from tts.core.indexed_lines import IndexedLines
from tts.core.progress import tracked
from tts.corpora.types import Utterance
from tts.text.engine import FrontEnd
from tts.text.sentence import Sentence


def sentences_for(
    utterances: Iterable[Utterance], engine: FrontEnd, cache: Path
) -> tuple[Mapping[str, Sentence], list[tuple[str, str]]]:
    """Return the sentence of every utterance by id, and ``(id, reason)`` for those whose text cannot be pronounced.

    ``cache`` is a folder that holds one file an engine identity; every answer is added as it is given, and read from there
    when it is asked for: a large corpus has more than memory should hold. Afterwards ``engine.guessed`` has the words that
    no lexicon had.
    """
    wanted = [(utterance.id, utterance.text) for utterance in utterances]
    store = cache / f"sentences-{fingerprint(engine.identity())}.jsonl"
    texts = dict.fromkeys(text for _, text in wanted)
    known = _known(store, texts, engine)
    failed: dict[str, str] = {}
    missing = [text for text in texts if text not in known]
    for text in tracked(missing, "text to phones", len(missing)):
        try:
            sentence, guessed = engine.ask(text)
        except TtsError as error:
            failed[text] = str(error)
            continue
        known[text] = _append(store, {"given": text, "sentence": sentence.to_dict(), "guessed": guessed})
        engine.note_guessed(guessed)
    read = [key for key, text in wanted if text in known]
    sentences = IndexedLines(store, _sentence, read, (known[text] for _, text in wanted if text in known))
    return sentences, [(key, failed[text]) for key, text in wanted if text in failed]


def _sentence(entry: dict[str, Any]) -> Sentence:
    return Sentence.from_dict(entry["sentence"])


def _known(store: Path, wanted: Mapping[str, object], engine: FrontEnd) -> dict[str, int]:
    """Return where in a store the answers to ``wanted`` texts begin; a line cut short by an interruption is passed over."""
    known: dict[str, int] = {}
    if not store.exists():
        return known
    offset = 0
    with store.open("rb") as stream:
        for line in stream:
            try:
                entry = json.loads(line)
                text, guessed = entry["given"], tuple(entry["guessed"])
                _sentence(entry)
            except (ValueError, KeyError, TypeError):
                text = None
            if text in wanted:
                known[text] = offset
                engine.note_guessed(guessed)
            offset += len(line)
    return known


def _append(store: Path, entry: dict[str, Any]) -> int:
    """Add one line in one write, beginning anew after one that was cut short; return where it begins, in bytes."""
    make_folder(store.parent)
    line = json.dumps(entry, ensure_ascii=False)
    with store.open("ab+") as stream:
        end = stream.tell()
        stream.seek(max(end - 1, 0))
        start = "\n" if end and stream.read(1) != b"\n" else ""
        stream.write(f"{start}{line}\n".encode())
    return end + len(start)
