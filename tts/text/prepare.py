"""The sentences of a whole corpus, remembered on disk: an engine may take a tenth of a second a sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from tts.corpora.types import Utterance
from tts.files import fingerprint
from tts.parallel import Failure, parallel_map
from tts.text.engine import FrontEnd, make_engine
from tts.text.sentence import Sentence

Answer = tuple[Sentence, tuple[str, ...]]

_WORTH_PROCESSES = 200  # sentences: fewer are done before worker processes have started


def sentences_for(
    utterances: Iterable[Utterance], engine: FrontEnd, cache: Path | None = None, workers: int | None = None
) -> tuple[dict[str, Sentence], list[tuple[str, str]]]:
    """Return the sentence of every utterance by id, and ``(id, reason)`` for those whose text cannot be pronounced.

    ``cache`` is a folder, holding one file an engine identity: what is there is not asked again, and what was answered before
    an interruption is kept. ``workers`` is the number of processes for the rest: 0 is this one, by default as many as it is
    worth. Afterwards ``engine.guessed`` has the words that no lexicon had.
    """
    wanted = list(utterances)
    store = None if cache is None else cache / f"sentences-{fingerprint(engine.identity())}.jsonl"
    known = _read(store) if store is not None else {}
    missing = list(dict.fromkeys(u.text for u in wanted if u.text not in known))
    if workers is None:
        workers = 0 if len(missing) < _WORTH_PROCESSES else os.cpu_count() or 1
    failed: dict[str, str] = {}
    recipe = (engine.pronouncer.name, engine.language, json.dumps(engine.lexicon, sort_keys=True))
    work: Callable[[str], Answer] = partial(_asked, recipe) if workers else engine.ask
    for index, answer in parallel_map(work, missing, workers=workers, label="text to phones"):
        if isinstance(answer, Failure):
            failed[missing[index]] = answer.message
        else:
            known[missing[index]] = answer
            if store is not None:
                _append(store, missing[index], answer)
    sentences = {u.id: known[u.text][0] for u in wanted if u.text in known}
    engine.note_guessed(word for u in wanted if u.text in known for word in known[u.text][1])
    return sentences, [(u.id, failed[u.text]) for u in wanted if u.text in failed]


@lru_cache(maxsize=2)
def _engine(name: str, language: str, lexicon: str) -> FrontEnd:
    return make_engine(name, language, json.loads(lexicon))


def _asked(recipe: tuple[str, str, str], text: str) -> Answer:
    return _engine(*recipe).ask(text)


def _read(store: Path) -> dict[str, Answer]:
    """Return what a store holds; a last line cut short by an interruption is passed over."""
    found: dict[str, Answer] = {}
    if store.exists():
        for line in store.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry: dict[str, Any] = json.loads(line)
                found[entry["given"]] = Sentence.from_dict(entry["sentence"]), tuple(entry["guessed"])
            except (ValueError, KeyError, TypeError):
                continue
    return found


def _append(store: Path, text: str, answer: Answer) -> None:
    """Add one line in one write, on a line of its own even after a cut one."""
    store.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"given": text, "sentence": answer[0].to_dict(), "guessed": answer[1]}, ensure_ascii=False)
    with store.open("ab+") as stream:
        end = stream.tell()
        if end:
            stream.seek(end - 1)
            line = line if stream.read(1) == b"\n" else "\n" + line
        stream.write((line + "\n").encode())
