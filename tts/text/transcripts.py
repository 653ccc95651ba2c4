"""The sentences of a whole corpus, remembered on disk, so that work interrupted or done before is not done again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tts.core.errors import TtsError
from tts.core.files import fingerprint
from tts.core.progress import tracked
from tts.corpora.types import Utterance
from tts.text.engine import FrontEnd
from tts.text.sentence import Sentence

Answer = tuple[Sentence, tuple[str, ...]]
"""A sentence, and its words that no lexicon had."""


def sentences_for(
    utterances: Iterable[Utterance], engine: FrontEnd, cache: Path | None = None
) -> tuple[dict[str, Sentence], list[tuple[str, str]]]:
    """Return the sentence of every utterance by id, and ``(id, reason)`` for those whose text cannot be pronounced.

    ``cache`` is a folder that holds one file an engine identity; every answer is added as it is given. Afterwards
    ``engine.guessed`` has the words that no lexicon had.
    """
    wanted = list(utterances)
    store = None if cache is None else cache / f"sentences-{fingerprint(engine.identity())}.jsonl"
    known = _read(store) if store is not None else {}
    failed: dict[str, str] = {}
    missing = list(dict.fromkeys(u.text for u in wanted if u.text not in known))
    for text in tracked(missing, "text to phones", len(missing)):
        try:
            known[text] = engine.ask(text)
        except TtsError as error:
            failed[text] = str(error)
            continue
        if store is not None:
            _append(store, text, known[text])
    engine.note_guessed(word for u in wanted if u.text in known for word in known[u.text][1])
    sentences = {u.id: known[u.text][0] for u in wanted if u.text in known}
    return sentences, [(u.id, failed[u.text]) for u in wanted if u.text in failed]


def _read(store: Path) -> dict[str, Answer]:
    """Return what a store holds; a line cut short by an interruption is passed over."""
    found: dict[str, Answer] = {}
    lines = store.read_text(encoding="utf-8", errors="replace").split("\n") if store.exists() else []
    for line in lines:
        try:
            entry = json.loads(line)
            found[entry["given"]] = Sentence.from_dict(entry["sentence"]), tuple(entry["guessed"])
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _append(store: Path, text: str, answer: Answer) -> None:
    """Add one line in one write, beginning anew after one that was cut short."""
    store.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"given": text, "sentence": answer[0].to_dict(), "guessed": answer[1]}, ensure_ascii=False)
    with store.open("ab+") as stream:
        end = stream.tell()
        stream.seek(max(end - 1, 0))
        start = "\n" if end and stream.read(1) != b"\n" else ""
        stream.write(f"{start}{line}\n".encode())
