"""The listening test that a comparison leaves beside its report."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tts.comparison.results import Results
from tts.comparison.tables import judged, judges_note
from tts.core.errors import TtsError
from tts.evaluation.scores import find_metric
from tts.listening.design import DesignOptions, design_test
from tts.listening.page import OpinionTable, write_page
from tts.listening.stimuli import find_stimuli
from tts.listening.webmushra import write_webmushra

SENTENCES = 5  # with three candidates some 15 minutes: what volunteers finish
CANDIDATES = 3


def write_listening_test(folder: Path, results: Results) -> Path:
    """Write ``listening-test.html``, and ``listening-test/`` for webMUSHRA, into a comparison's folder; return the page.

    Compared are the baseline and the best candidates by the ranking, beside natural speech and copy-synthesis. Both are
    replaced where they are there: they are made of the comparison's own wavs. Raises :class:`TtsError` where there are no
    wavs of two systems.
    """
    there = find_stimuli([str(folder)])
    systems = chosen_systems(results, there)
    wanted = [name for name in ("natural", "copy") if name in there] + systems
    stimuli = {name: there[name] for name in wanted}
    shared = set.intersection(*(set(recordings) for recordings in stimuli.values()))
    reference = "natural" if "natural" in there else None
    options = DesignOptions(
        kinds=("mos", "ab", "mushra") if reference else ("mos", "ab"),
        reference=reference,
        baseline=results.baseline if results.baseline in systems else None,
        exclude_from_ab=("copy",),
        sentences=min(SENTENCES, len(shared)) or None,
        title=f"Listening test: {results.recipe}",
    )
    design = design_test(stimuli, options)
    write_webmushra(design, folder / "listening-test", overwrite=True)
    write_page(design, folder / "listening-test.html", opinion_table(results, wanted))
    return folder / "listening-test.html"


def opinion_table(results: Results, names: Collection[str]) -> OpinionTable | None:
    """Return what models of listeners say of these sources of speech, in the order judged; None where none was judged."""
    judges = results.judges
    rows = [row for row in judges.speech if row.source in names] if judges else []
    if not judges or not rows:
        return None
    metrics = [find_metric(name) for name in judges.metrics]
    return OpinionTable(
        ("", *(f"{metric.heading}{f' ({metric.unit})' if metric.unit else ''}" for metric in metrics)),
        tuple((row.source, *(judged(metric, row.scores.get(metric.name)) or "-" for metric in metrics)) for row in rows),
        f"{judges_note(judges)} {judges.utterances} test utterances, on which nothing was chosen.",
    )


def chosen_systems(results: Results, there: Collection[str]) -> list[str]:
    """Return the baseline and the best-ranked candidates that have recordings; candidates before controls."""
    roles = {system.name: system.role for system in results.systems}
    ranked = list(dict.fromkeys([row.system for row in results.ranking] + list(roles)))
    others = [name for name in ranked if name in there and name in roles and name != results.baseline]
    others.sort(key=lambda name: roles[name] != "candidate")
    systems = [name for name in (results.baseline, *others[:CANDIDATES]) if name in there]
    if len(systems) < 2:
        raise TtsError(f"a listening test needs the wavs of two systems, and there are those of {', '.join(systems) or 'none'}")
    return systems
