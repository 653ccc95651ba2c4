"""From words placed in a long recording to a corpus: utterances of 1 to 15 seconds cut at pauses, and a report."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tts.alignment.long_recording import Placed
from tts.core.audio import Channel, read_part, to_mono
from tts.core.errors import TtsError, UsageError
from tts.core.files import write_text
from tts.core.locks import held
from tts.core.names import name_fault
from tts.core.processes import Failure, parallel_map
from tts.corpora.derived import write_exact
from tts.dataset.segmenting import SHORTEST_PAUSE, LongRecording, require_distinct_names, utterance_name
from tts.text.engine import FrontEnd

SHORTEST, LONGEST = 1.0, 15.0  # seconds of an utterance
SILENCE_KEPT = 0.2  # seconds before and after it, at most half of a pause
SURE_PAUSE = 0.3  # seconds of silence from which a cut is not doubted
_NEAR = 1.0  # seconds of pause over which a short utterance may join its neighbour
REPORT, SEGMENTS, METADATA, WAVS = "report.md", "segments.tsv", "metadata.csv", "wavs"
_STAGING = ".segment"  # in the corpus's folder: utterances until all are written


@dataclass(frozen=True)
class Cut:
    """An utterance: stretches ``first`` to ``last``, its words' numbers from ``words[0]`` to before ``words[1]``."""

    first: int
    last: int
    words: tuple[int, int]
    match: float


@dataclass(frozen=True)
class CutUtterance:
    """An utterance that is written: ``start`` and ``end`` in seconds of the recording ``audio``."""

    id: str
    text: str
    audio: Path
    start: float
    end: float
    match: float


@dataclass(frozen=True)
class CutReport:
    """What became of one recording: utterances, and as sentences for people what was left out and what is ``doubtful``."""

    audio: Path
    seconds: float
    utterances: tuple[CutUtterance, ...]
    left_out: tuple[str, ...]
    without_text: tuple[tuple[float, float], ...]
    without_audio: tuple[str, ...]
    doubtful: tuple[str, ...] = ()


def cut_recording(
    recording: LongRecording,
    placed: Sequence[Placed | None],
    engine: FrontEnd,
    reject: float,
    *,
    within_sentences: bool = False,
) -> CutReport:
    """Return the utterances of one recording; ``reject`` is the match a frame under which one is left out.

    Utterances begin and end with sentences; ``within_sentences`` also cuts those that are too long at their longest pauses,
    and uses what is left of a sentence of which a part is not in the text or not spoken.
    """
    shift = recording.grid.shift
    stretches = recording.stretches
    left_out: list[str] = []
    utterances: list[CutUtterance] = []
    name = utterance_name(recording.audio)
    ends = {*recording.text.ends}
    doubtful = _without_pause(recording, placed)
    for cut in _joined(recording, _cuts(recording, placed, engine, within_sentences)):
        start, end = stretches[cut.first].start * shift, stretches[cut.last].end * shift
        text = text_of(recording, cut.words, engine)
        whole = ends.issuperset(cut.words)
        fault = ""
        if text is None:
            fault = "its words are not whole words of the text"
        elif end - start > LONGEST:
            fault = f"lasts {end - start:.1f} s without a pause {'to cut it at' if within_sentences else 'between sentences'}"
        elif not whole and not within_sentences:
            fault = "is not whole sentences"
        elif end - start < SHORTEST:
            fault = f"lasts {end - start:.2f} s, with no neighbour to join"
        elif cut.match < reject:
            fault = f"matches its text badly ({cut.match:.1f} a frame, the limit is {reject:.1f})"
        if fault or text is None:
            shown = text or " ".join(word.text for word in recording.text.words[slice(*cut.words)])
            left_out.append(f"{start:.2f} to {end:.2f} s: {fault}: {shown}")
            continue
        doubtful += _doubts(recording, cut, text, whole=whole)
        first, last = _with_silence(recording, cut)
        utterances.append(
            CutUtterance(f"{name}_{len(utterances) + 1:04d}", text, recording.audio, first, last, round(cut.match, 2))
        )
    heard = {n for item in placed if item is not None for n in range(item.first, item.last)}
    owners = recording.sentence_of
    missing = [
        sentence
        for number, sentence in enumerate(recording.sentences)
        if not heard & {*(owners == number).nonzero()[0].tolist()}
    ]
    silent = [(stretches[n].start * shift, stretches[n].end * shift) for n, item in enumerate(placed) if item is None]
    unread = [f"cannot be read ({reason}): {sentence}" for sentence, reason in recording.unread]
    return CutReport(
        recording.audio,
        len(recording.features) * shift,
        tuple(utterances),
        (*left_out, *unread),
        tuple(silent),
        tuple(missing),
        tuple(doubtful),
    )


def _without_pause(recording: LongRecording, placed: Sequence[Placed | None]) -> list[str]:
    """Return as sentences where the text has a boundary between sentences and the recording no pause."""
    stretches, shift, owners = recording.stretches, recording.grid.shift, recording.sentence_of
    lines = []
    for stretch, item in zip(stretches, placed, strict=True):
        if item is None or owners[item.first] == owners[item.last - 1]:
            continue
        for number in range(int(owners[item.first]), int(owners[item.last - 1])):
            between = f"{recording.sentences[number]} / {recording.sentences[number + 1]}"
            span = f"{stretch.start * shift:.2f} to {stretch.end * shift:.2f} s"
            lines.append(f"{span}: no pause of {SHORTEST_PAUSE:g} s between two sentences, so they are not parted: {between}")
    return lines


def _doubts(recording: LongRecording, cut: Cut, text: str, *, whole: bool) -> list[str]:
    """Return as sentences what is doubtful about an utterance's ends."""
    stretches, shift = recording.stretches, recording.grid.shift
    lines = []
    if cut.last + 1 < len(stretches):
        pause = (stretches[cut.last + 1].start - stretches[cut.last].end) * shift
        if pause < SURE_PAUSE:
            lines.append(f"{stretches[cut.last].end * shift:.2f} s: cut at a pause of {pause:.2f} s alone, after: {text}")
    if not whole:
        start, end = stretches[cut.first].start * shift, stretches[cut.last].end * shift
        lines.append(f"{start:.2f} to {end:.2f} s: cut within a sentence: {text}")
    return lines


def text_of(recording: LongRecording, words: tuple[int, int], engine: FrontEnd) -> str | None:
    """Return what the text has, as written, for the words from ``words[0]`` to before ``words[1]``.

    None where that is not told: where a sentence is cut whose written words, read one by one, are not its spoken ones.
    """
    pieces = []
    ends = recording.text.ends
    for number in dict.fromkeys(recording.sentence_of[slice(*words)].tolist()):
        first, last = max(words[0], ends[number]), min(words[1], ends[number + 1])
        if (first, last) == (ends[number], ends[number + 1]):
            pieces.append(recording.sentences[number])
            continue
        places = _token_places(recording.sentences[number], last_word=ends[number + 1] - ends[number], engine=engine)
        if places is None or first - ends[number] not in places or last - ends[number] not in places:
            return None
        tokens = recording.sentences[number].split()
        pieces.append(" ".join(tokens[places.index(first - ends[number]) : places.index(last - ends[number])]))
    return " ".join(pieces)


def _token_places(sentence: str, last_word: int, engine: FrontEnd) -> list[int] | None:
    """Return with which spoken word each written one begins, and the number of spoken ones; None where that is not told."""
    places = [0]
    try:
        for token in sentence.split():
            places.append(places[-1] + len(engine.ask(token)[0].words))
    except TtsError:
        return None
    return places if places[-1] == last_word and len(set(places)) == len(places) else None


def _cuts(recording: LongRecording, placed: Sequence[Placed | None], engine: FrontEnd, within_sentences: bool) -> list[Cut]:
    """Return stretches that follow each other up to the ends of sentences.

    With ``within_sentences`` those that are too long are cut at their longest pauses.
    """

    def cut(run: list[int]) -> list[Cut]:
        return _shortened(recording, placed, run, engine) if within_sentences else [_whole(recording, placed, run)]

    ends = set(recording.text.ends)
    cuts: list[Cut] = []
    run: list[int] = []
    for number, item in enumerate(placed):
        previous = placed[run[-1]] if run else None
        if run and (item is None or previous is None or item.first != previous.last):
            cuts += cut(run)
            run = []
        if item is not None:
            run.append(number)
            if item.last in ends:
                cuts += cut(run)
                run = []
    return cuts + (cut(run) if run else [])


def _whole(recording: LongRecording, placed: Sequence[Placed | None], run: list[int]) -> Cut:
    items = [item for number in run if (item := placed[number]) is not None]
    lengths = [recording.stretches[number].end - recording.stretches[number].start for number in run]
    match = sum(item.match * length for item, length in zip(items, lengths, strict=True)) / sum(lengths)
    return Cut(run[0], run[-1], (items[0].first, items[-1].last), match)


def _shortened(recording: LongRecording, placed: Sequence[Placed | None], run: list[int], engine: FrontEnd) -> list[Cut]:
    stretches, shift = recording.stretches, recording.grid.shift
    items = [item for number in run if (item := placed[number]) is not None]
    whole = _whole(recording, placed, run)
    if len(run) == 1 or (stretches[run[-1]].end - stretches[run[0]].start) * shift <= LONGEST:
        return [whole]
    pauses = {place: stretches[run[place]].start - stretches[run[place - 1]].end for place in range(1, len(run))}
    for place in sorted(pauses, key=lambda place: -pauses[place]):
        if text_of(recording, (items[0].first, items[place].first), engine) is not None:
            before = _shortened(recording, placed, run[:place], engine)
            return before + _shortened(recording, placed, run[place:], engine)
    return [whole]


def _joined(recording: LongRecording, cuts: Sequence[Cut]) -> list[Cut]:
    """Return cuts of which those that are too short have joined a neighbour, where it is near and goes on."""
    stretches, shift = recording.stretches, recording.grid.shift
    joined: list[Cut] = []
    for cut in cuts:
        if joined:
            last = joined[-1]
            short = min((stretches[c.last].end - stretches[c.first].start) * shift for c in (last, cut)) < SHORTEST
            whole = (stretches[cut.last].end - stretches[last.first].start) * shift
            near = (stretches[cut.first].start - stretches[last.last].end) * shift <= _NEAR
            if short and near and whole <= LONGEST and last.words[1] == cut.words[0] and cut.first == last.last + 1:
                joined[-1] = Cut(last.first, cut.last, (last.words[0], cut.words[1]), min(last.match, cut.match))
                continue
        joined.append(cut)
    return joined


def _with_silence(recording: LongRecording, cut: Cut) -> tuple[float, float]:
    """Return from when to when an utterance is cut, in seconds: with some of the silence around it."""
    stretches, shift = recording.stretches, recording.grid.shift
    start, end = stretches[cut.first].start, stretches[cut.last].end
    before = stretches[cut.first - 1].end if cut.first else -start
    after = stretches[cut.last + 1].start if cut.last + 1 < len(stretches) else 2 * len(recording.features) - end
    room = SILENCE_KEPT / shift
    return (start - min(room, (start - before) / 2.0)) * shift, (end + min(room, (after - end) / 2.0)) * shift


def require_replaceable(out: Path, *, replace: bool) -> None:
    """Raise :class:`UsageError` where the folder ``out`` holds the corpus of an earlier run, unless it may be replaced."""
    if (out / METADATA).exists() and not replace:
        raise UsageError(
            f"{out / METADATA}: is there already, with the texts of an earlier run; choose another --out (`tts segment` takes "
            "a folder of several recordings), or give --replace to remove it with its utterances"
        )


def write_cuts(
    out: Path, reports: Sequence[CutReport], channel: Channel, workers: int | None = None, *, replace: bool = False
) -> None:
    """Write report.md, segments.tsv, wavs/ and, last, metadata.csv into the folder ``out``.

    With ``replace``, the utterances of an earlier run there, by its segments.tsv, and what is called as a new one are taken
    away once all new recordings are written: what is written is all there is. Raises :class:`UsageError`, before anything is
    written, where there is an earlier run's metadata.csv or a file that no run made, and no ``replace``, or where the
    utterances of two recordings would be called the same; :class:`TtsError` where there are none.
    """
    require_distinct_names(report.audio for report in reports)
    require_replaceable(out, replace=replace)
    utterances = [utterance for report in reports for utterance in report.utterances]
    if not utterances:
        raise TtsError("no utterance of the recordings matches the text; is it this recording's?")
    earlier = _earlier_utterances(out)
    foreign = [path for u in utterances for path in _recordings(out, u.id) if path not in earlier]
    if foreign and not replace:
        raise UsageError(f"{foreign[0]}: is there already, and no earlier run made it; choose another --out, or give --replace")
    rows = [f"{u.id}\t{u.audio.name}\t{u.start:.3f}\t{u.end:.3f}\t{u.match}\n" for u in utterances]
    with held(out), _staging(out) as staging:
        work = partial(_write_one, folder=staging, channel=channel)
        for index, answer in parallel_map(work, utterances, workers=workers, label="writing utterances"):
            if isinstance(answer, Failure):
                raise TtsError(f"{utterances[index].audio}: {answer.message}")
        for path in (out / METADATA, *earlier, *foreign):
            path.unlink(missing_ok=True)
        write_text(out / REPORT, report_text(reports))
        write_text(out / SEGMENTS, "id\trecording\tstart\tend\tmatch\n" + "".join(rows))
        (out / WAVS).mkdir(exist_ok=True)
        for path in sorted(staging.iterdir()):
            path.replace(out / WAVS / path.name)
        write_text(out / METADATA, "".join(f"{u.id}|{u.text.replace('|', ' ')}\n" for u in utterances))


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """Yield an empty folder within ``out``, so on its disk, and remove it at the end; also what a killed run left of it."""
    folder = out / _STAGING
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _earlier_utterances(out: Path) -> list[Path]:
    """Return the recordings in ``out`` that an earlier run's segments.tsv names."""
    try:
        lines = (out / SEGMENTS).read_text(encoding="utf-8").splitlines()[1:]
    except (FileNotFoundError, UnicodeDecodeError):
        return []
    return [path for line in lines if not name_fault(id := line.split("\t")[0]) for path in _recordings(out, id)]


def _recordings(out: Path, id: str) -> list[Path]:
    """Return the recordings of an utterance that are there."""
    return [path for suffix in (".flac", ".wav") if (path := out / WAVS / f"{id}{suffix}").is_file()]


def _write_one(utterance: CutUtterance, folder: Path, channel: Channel) -> None:
    part = read_part(utterance.audio, utterance.start, utterance.end, overshoot=0.1)
    write_exact(folder / utterance.id, to_mono(utterance.audio, part.signal, channel), part.rate, part.exact)


def report_text(reports: Sequence[CutReport]) -> str:
    """Return the report as Markdown: how much became utterances, what did not and why, and what matches worst."""
    lines = ["# Long recordings, segmented", ""]
    for report in reports:
        used = sum(u.end - u.start for u in report.utterances)
        lines += [
            f"## {report.audio.name}",
            "",
            f"{len(report.utterances)} utterances, {used / 60:.1f} of {report.seconds / 60:.1f} minutes.",
            "",
        ]
        spans = [f"{start:.2f} to {end:.2f} s" for start, end in report.without_text]
        for title, items in {
            "Left out": report.left_out,
            "Speech without text": spans,
            "Text without speech": report.without_audio,
            "Doubtful cuts": report.doubtful,
        }.items():
            lines += [f"### {title}", "", *(f"* {item}" for item in items or ["nothing"]), ""]
        lines += ["### Worst matches among the utterances", ""]
        worst = sorted(report.utterances, key=lambda u: u.match)[:10]
        lines += [*(f"* {u.id} ({u.match:.1f} a frame, {u.start:.2f} to {u.end:.2f} s): {u.text}" for u in worst), ""]
    return "\n".join(lines).rstrip() + "\n"
