"""The card of a voice, and the environment that a measured number depends on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tts.core.progress import clock
from tts.generation.config import VoiceConfig
from tts.generation.places import without_places
from tts.generation.summary import TrainingSummary
from tts.recipe import StagePart, TrunkLayer

SCORES = "## Scores"
USE = "Speak with it: `tts speak FOLDER text.txt --out wavs`"


def packed_card(config: VoiceConfig, summary: TrainingSummary, card: str, note: str) -> str:
    """Return the card of a voice that is given to others, from the ``card`` it has: its scores stay, ``note`` is added.

    The commit that trained it is named, and how it speaks. Paths in the command do not say where on a machine they are, see
    :func:`tts.generation.places.without_places`: that is nobody's business.
    """
    scores = f"\n{SCORES}{card.partition(SCORES)[2].rpartition(USE)[0].rstrip()}\n" if SCORES in card else ""
    made_with = summary.made_with
    commit = [f"Commit {made_with.commit}, torch {made_with.torch}, numpy {made_with.numpy}"] if made_with.commit else []
    public = replace(summary, command=without_places(summary.command))
    return voice_card(config, public, scores, notes=[*commit, _manner(config), note])


def _manner(config: VoiceConfig) -> str:
    """Say what becomes of the networks' trajectories."""
    how = config.generation
    filtered = "no post-filter" if how.post_filter == "none" else f"post-filter {how.post_filter}"
    amount = f" at {how.strength:g}" if how.strength is not None and how.post_filter != "none" else ""
    edit = f", edit at {how.edit_strength:g}" if config.edit is not None else ""
    speed = f", speed {how.speed:g}" if how.speed != 1.0 else ""
    return f"Speaks with {filtered}{amount}, F0 variance {how.f0_variance:g}{edit}, vocoder {how.vocoder}{speed}"


def voice_card(config: VoiceConfig, summary: TrainingSummary, scores: str = "", notes: Sequence[str] = ()) -> str:
    """Return the voice's README: front matter that model hubs read, what it was made from, how it scores."""
    corpus, lineage = config.corpus, config.lineage
    front = {
        "license": " AND ".join(dict.fromkeys([corpus.licence, *(base.licence for base in lineage)])),
        "language": config.text.language,
        "library_name": "stacked-tts",
        "pipeline_tag": "text-to-speech",
        "datasets": list(dict.fromkeys([corpus.name, *(base.corpus for base in lineage)])),
        **({"base_model": config.transfer.origin} if config.transfer else {}),
    }
    header = "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items())
    stages = "\n".join(
        f"* stage {n}: {part.trunk.kind} {' x '.join(map(str, part.trunk.layers))}{_bottleneck(part.bottleneck)}, "
        f"{_tasks(part)}{_grouping(summary.stages[n - 1].grouping)}"
        for n, part in enumerate(config.stages, 1)
    )
    source = f" ({corpus.source})" if corpus.source else ""
    consent = f"\n* The speaker's consent: {corpus.consent}" if corpus.consent else ""
    last = summary.stages[-1]
    more = "".join(f"* {note}\n" for note in notes)
    mcd = f"{last.scores['valid/mcd']:.3f} dB" if "valid/mcd" in last.scores else "not measured"
    return f"""---
{header}
---
# {config.recipe}, system {config.system}

A statistical parametric voice at {config.grid.sample_rate} Hz, trained with stacked-tts {config.version}.

* Speaker {corpus.speaker}, corpus {corpus.name}{source}, licence {corpus.licence}{consent}
* Recordings: {corpus.utterances} utterances for training, {clock(corpus.seconds)}
{_origin(config)}{stages}
{_edit(config, summary)}{_variation(config)}* Parameters: {summary.speaking:,} to speak, {summary.trained:,} trained
* Validation MCD {mcd} at step {last.step}; seed {summary.seed}
* Made by: `{summary.command}` in {clock(summary.seconds)} on {summary.made_with.machine}
{more}{scores}
{USE}
"""


def _variation(config: VoiceConfig) -> str:
    """Say that takes can vary, where they can."""
    return (
        ""
        if config.variation is None
        else "* Takes may vary (--temperature): length, F0 and energy of phones are a distribution\n"
    )


def _edit(config: VoiceConfig, summary: TrainingSummary) -> str:
    """Say what the edit is, and what it does on validation sentences; nothing of a voice without one."""
    part, training = config.edit, summary.edit
    if part is None:
        return ""
    if not part.trained:
        return f"* edit, a control: deviations of c3 and up times {part.factor:g}\n"
    what = f"* edit{f', {part.control} (a control)' if part.control != 'none' else ''}: {part.blocks} x {part.width}, "
    what += f"{part.frames} frames a token, leash {part.leash:g}, strength {config.generation.edit_strength:g}"
    if training is None or "valid/modulation" not in training.scores:
        return f"{what}\n"
    before, after = training.before, training.scores
    changes = (("GV mcep", "valid/gv_mcep", ""), ("modulation spectrum", "valid/modulation", " dB"))
    shown = ", ".join(f"{label} {before[name]:.2f} -> {after[name]:.2f}{unit}" for label, name, unit in changes)
    size = f"size {after['valid/edit']:.2f} deviations"
    return f"{what}; validation: {shown}, {size}, at step {training.step} of {training.steps}\n"


def _origin(config: VoiceConfig) -> str:
    """Say what the voice was initialised from, and that one in turn."""
    lines: list[str] = []
    for base in config.lineage:
        how = "was initialised from" if base.how == "init_from" else "reads features of the frozen first network of"
        what = f"speaker {base.speaker}, corpus {base.corpus}, licence {base.licence}, model {base.model}"
        lines.append(f"* {'That one' if lines else 'This voice'} {how} {base.origin} ({what})")
    transfer = config.transfer
    if transfer:
        if transfer.frozen:
            lines.append(f"* Frozen as they were loaded: {', '.join(transfer.frozen)}")
        counts = ", ".join(f"{number} {how}" for how, number in transfer.tensors.items() if number)
        lines.append(f"* Tensors loaded: {counts}; inputs that are new: {', '.join(transfer.inputs.get('new', ())) or 'none'}")
        lines += [f"* {difference}" for difference in transfer.differences]
    return "".join(f"{line}\n" for line in lines)


def _tasks(part: StagePart) -> str:
    return f"learns {', '.join(part.tasks)}" if part.tasks else "loaded as it is"


def _bottleneck(bottleneck: int | TrunkLayer | None) -> str:
    if isinstance(bottleneck, TrunkLayer):
        return f", features from layer {bottleneck.layer}"
    return f", bottleneck {bottleneck}" if bottleneck else ""


def _grouping(grouping: Mapping[str, list[float]]) -> str:
    """Say which tasks share which parts of a sparse basis (go_mtl)."""
    if not grouping:
        return ""
    rows = (f"{name} ({', '.join(f'{weight:.2f}' for weight in weights)})" for name, weights in grouping.items())
    return f"; weights of the shared basis: {', '.join(rows)}"
