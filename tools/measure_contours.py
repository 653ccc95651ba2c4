"""How a voice asks, lists, pauses and ends: F0 and durations where sentences and phrases end, beside the recordings.

    python tools/measure_contours.py output/kathleen/single --prepared output/kathleen/prepared --picture contours.png

Ten sentences each (questions to be answered by yes or no, questions with a question word, statements, sentences with a comma,
lists) are spoken by the voice; of the recordings, the prompts of every kind are taken. Printed as a table; ``--picture`` draws
the F0 contours of four sentences. Needs some seconds.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tts.core.pictures import picture
from tts.dataset.inspect import spans
from tts.dataset.prepared import SPLITS, Prepared
from tts.generation.inspect_speech import speak_streams
from tts.generation.voice import Voice, load_voice
from tts.text.english.question_forms import question_form
from tts.text.phones import is_nucleus
from tts.text.sentence import PAUSE, Sentence

SEMITONE = np.log(2.0) / 12.0
LAST = 0.3  # seconds before an end over which the slope of F0 is taken
EDGE = 0.1  # seconds on either side of a comma, and before an end, over which F0 is averaged

SPOKEN: Mapping[str, tuple[str, ...]] = {
    "yes-no questions": (
        "Is it raining?",
        "Are you coming with us?",
        "Did she find the letter?",
        "Have you ever been to London?",
        "Can we go home now?",
        "Was the door open?",
        "Do they know the answer?",
        "Will he be there tomorrow?",
        "Could I have some water?",
        "Has the train gone?",
    ),
    "question words": (
        "Where is the key?",
        "What did she say?",
        "Who opened the door?",
        "When does the train leave?",
        "Why are you late?",
        "How far is the river?",
        "Which road do we take?",
        "What time is it?",
        "Where have they gone?",
        "How did you know?",
    ),
    "statements": (
        "It is raining.",
        "They are coming with us.",
        "She found the letter.",
        "I have never been to London.",
        "We can go home now.",
        "The door was open.",
        "They know the answer.",
        "He will be there tomorrow.",
        "I would like some water.",
        "The train has gone.",
    ),
    "a comma": (
        "When the rain stopped, we walked home.",
        "If you see him, tell him the truth.",
        "After the war, he built a house.",
        "He knocked twice, but nobody came.",
        "In the morning, the snow was gone.",
        "She closed the book, and he laughed.",
        "As far as I know, they are still there.",
        "Before you leave, lock the door.",
        "Of course, I was wrong.",
        "The boat was old, yet it carried us.",
    ),
    "lists": (
        "We need bread, butter, milk and cheese.",
        "Red, green, blue and yellow flags hung there.",
        "He lost his hat, his coat, his keys and his money.",
        "They went by train, by boat, by bus and on foot.",
        "Dogs, cats, horses and birds lived on the farm.",
        "She sang, danced, laughed and cried.",
        "It was cold, wet, dark and windy.",
        "John, Mary, Peter and Ann came along.",
        "One, two, three, four.",
        "He came, he saw, he conquered.",
    ),
}
ENDS = ("final slope, st/s", "end above median, st", "final rime, times as long")
COMMAS = ("pause at commas, share", "length of these, ms", "slope before commas, st/s", "F0 reset over commas, st")
DRAWN = ("Has the train gone?", "The train has gone.", "When the rain stopped, we walked home.", "One, two, three, four.")


@dataclass(frozen=True)
class Said:
    """A sentence as it was said: frames a segment, and F0 a frame in semitones from 1 Hz, NaN where it is unvoiced."""

    text: str
    sentence: Sentence
    totals: np.ndarray  # (segments,)
    pitch: np.ndarray  # (frames,)
    shift: float

    def before(self, frame: int, seconds: float) -> np.ndarray:
        """Return the pitch of ``seconds`` before the last voiced frame ahead of ``frame``, NaN where unvoiced."""
        voiced = np.flatnonzero(~np.isnan(self.pitch[:frame]))
        end = int(voiced[-1]) + 1 if len(voiced) else frame
        return self.pitch[max(end - round(seconds / self.shift), 0) : end]

    def after(self, frame: int, seconds: float) -> np.ndarray:
        """Return the pitch of ``seconds`` from the first voiced frame on, from ``frame`` on."""
        voiced = np.flatnonzero(~np.isnan(self.pitch[frame:]))
        start = frame + int(voiced[0]) if len(voiced) else frame
        return self.pitch[start : start + round(seconds / self.shift)]


def spoken(voice: Voice, text: str) -> Said:
    """Return a sentence as the voice says it."""
    said = speak_streams(voice, text)
    return _said(text, said.sentence, said.durations.sum(axis=1), said.streams["lf0"], said.streams["vuv"], voice.grid.shift)


def recorded(prepared: Prepared) -> Iterator[Said]:
    """Yield all recordings."""
    for split in SPLITS:
        packed = prepared.packed(split)
        for number, key in enumerate(packed.ids):
            streams, totals = packed.utterance(number), packed.durations_of(number).sum(axis=1)
            sentence = prepared.sentences[key]
            yield _said(prepared.text_of(key), sentence, totals, streams["lf0"], streams["vuv"], prepared.grid.shift)


def _said(text: str, sentence: Sentence, totals: np.ndarray, lf0: np.ndarray, vuv: np.ndarray, shift: float) -> Said:
    pitch = np.where(vuv[:, 0] > 0.5, lf0[:, 0] / SEMITONE, np.nan)
    return Said(text, sentence, totals, pitch, shift)


def slope(pitch: np.ndarray, shift: float) -> float:
    """Return the slope of the least-squares line through a contour, semitones a second; NaN for fewer than five values."""
    frames = np.flatnonzero(~np.isnan(pitch))
    return float(np.polyfit(frames * shift, pitch[frames], 1)[0]) if len(frames) >= 5 else np.nan


def phone_means(said: Iterable[Said]) -> dict[str, float]:
    """Return the mean frames of every phone within phrases: not in the last syllable before a silence."""
    lengths: dict[str, list[int]] = defaultdict(list)
    for each in said:
        final = _final_syllables(each.sentence)
        for segment, frames in zip(each.sentence.segments, each.totals, strict=True):
            if not segment.silent and (segment.word, segment.syllable) not in final:
                lengths[segment.phone].append(int(frames))
    return {phone: float(np.mean(frames)) for phone, frames in lengths.items()}


def _final_syllables(sentence: Sentence) -> set[tuple[int, int]]:
    last = len(sentence.words) - 1
    return {(w, len(word.syllables) - 1) for w, word in enumerate(sentence.words) if word.pause_after or w == last}


def measures(said: Said, means: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Yield what is measured of one sentence, by name; what cannot be is left out."""
    sentence, shift = said.sentence, said.shift
    ends = np.cumsum(said.totals)
    spoken_end = int(ends[-2])
    voiced = said.pitch[~np.isnan(said.pitch)]
    yield "final slope, st/s", slope(said.before(spoken_end, LAST), shift)
    if len(voiced):
        yield "end above median, st", float(np.nanmean(said.before(spoken_end, EDGE)) - np.median(voiced))
    last = (len(sentence.words) - 1, len(sentence.words[-1].syllables) - 1)
    ratios, in_rime = [], False
    for segment, frames in zip(sentence.segments, said.totals, strict=True):
        if (segment.word, segment.syllable) == last:
            in_rime = in_rime or is_nucleus(segment.phone)
            if in_rime and segment.phone in means:
                ratios.append(frames / means[segment.phone])
    if ratios:
        yield "final rime, times as long", float(np.mean(ratios))
    for w, word in enumerate(sentence.words[:-1]):
        if word.break_after == "minor":
            yield from _comma(said, w, ends)


def _comma(said: Said, word: int, ends: np.ndarray) -> Iterator[tuple[str, float]]:
    segments = said.sentence.segments
    place = max(n for n, segment in enumerate(segments) if segment.word == word)
    pause = segments[place + 1].phone == PAUSE
    yield "pause at commas, share", float(pause)
    if pause:
        yield "length of these, ms", float(1000.0 * said.totals[place + 1] * said.shift)
    end, start = int(ends[place]), int(ends[place + 1]) if pause else int(ends[place])
    before, after = said.before(end, EDGE), said.after(start, EDGE)
    yield "slope before commas, st/s", slope(said.before(end, LAST), said.shift)
    if not (np.isnan(before).all() or np.isnan(after).all()):
        yield "F0 reset over commas, st", float(np.nanmean(after) - np.nanmean(before))


def kind_of_prompt(said: Said) -> str:
    """Return which kind of sentence a prompt is, of those that are spoken; empty for others. Its words tell a question."""
    text = said.text.rstrip("\"' ")
    form = question_form([word.text for word in said.sentence.words], marked=text.endswith("?"))
    if form:
        return "yes-no questions" if form == "yes_no" else "question words"
    breaks = sum(bool(word.break_after) for word in said.sentence.words[:-1])
    return {0: "statements", 1: "a comma"}.get(breaks, "") if text.endswith(".") else ""


def rows_of(groups: Mapping[str, Sequence[Said]], means: Mapping[str, float], who: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield a label and the means with their standard errors, by measure, of every kind of sentences."""
    for kind, members in groups.items():
        values: dict[str, list[float]] = defaultdict(list)
        for said in members:
            for name, value in measures(said, means):
                if np.isfinite(value):
                    values[name].append(value)
        cells = {}
        for name, each in values.items():
            digits = 2 if "times" in name or "share" in name else 0 if "ms" in name else 1
            error = f" ± {np.std(each, ddof=1) / np.sqrt(len(each)):.{digits}f}" if len(each) > 1 else ""
            cells[name] = f"{np.mean(each):.{digits}f}{error}"
        if members:
            yield f"{kind}, {who} ({len(members)})", cells


def format_tables(rows: Sequence[tuple[str, dict[str, str]]]) -> str:
    """Return the ends of sentences and the commas within them as two tables."""
    tables = []
    for names in (ENDS, COMMAS):
        lines = [f"| sentences | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
        for label, cells in rows:
            if any(name in cells for name in names) and (names is ENDS or label.startswith(("a comma", "lists"))):
                lines.append(f"| {label} | {' | '.join(cells.get(name, '') for name in names)} |")
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def draw(said: Sequence[Said], path: Path) -> None:
    """Draw the contours of sentences below each other, with their words."""
    with picture(path, len(said), 1.9) as axes:
        for axis, each in zip(axes, said, strict=True):
            time = np.arange(len(each.pitch)) * each.shift
            axis.plot(time, np.exp(each.pitch * SEMITONE), color="#b3202c", linewidth=1.6)
            _, words = spans(each.sentence, each.totals, each.shift)
            low, high = axis.get_ylim()
            axis.set_ylim(low - 0.25 * (high - low), high)
            for word in words:
                axis.axvspan(word.start, word.end, color="#e9eef4" if words.index(word) % 2 else "#dbe3ec", linewidth=0)
                axis.text(0.5 * (word.start + word.end), low - 0.15 * (high - low), word.label, ha="center", fontsize=9)
            axis.set_ylabel("F0, Hz")
            axis.set_title(each.text, fontsize=10, loc="left")
        axes[-1].set_xlabel("seconds")


def main() -> None:
    """Print the table of a voice and its recordings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", help="folder or name of an English voice")
    parser.add_argument("--prepared", type=Path, help="the corpus it was trained on, to compare with")
    parser.add_argument("--picture", type=Path, help="a .png to be written")
    chosen = parser.parse_args()
    voice = load_voice(chosen.voice)
    groups = {kind: [spoken(voice, text) for text in texts] for kind, texts in SPOKEN.items()}
    means = phone_means(said for members in groups.values() for said in members)
    rows = list(rows_of(groups, means, "voice"))
    if chosen.prepared is not None:
        natural: dict[str, list[Said]] = {kind: [] for kind in SPOKEN}
        every = list(recorded(Prepared(chosen.prepared)))
        for said in every:
            if kind := kind_of_prompt(said):
                natural[kind].append(said)
        rows += rows_of(natural, phone_means(every), "recordings")
    print(format_tables(rows))
    if chosen.picture is not None:
        by_text = {said.text: said for members in groups.values() for said in members}
        draw([by_text[text] for text in DRAWN], chosen.picture)


if __name__ == "__main__":
    main()
