"""The demo: a small synthetic corpus, two voices, their comparison, and a text file spoken by the better one."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from tts.comparison.references import phone_means
from tts.comparison.tables import difference_table
from tts.comparison.verdicts import compare_two
from tts.core.files import write_text
from tts.core.shipped import shipped_folder
from tts.dataset.prepare import prepare_corpus
from tts.evaluation.evaluate import draw, evaluate_voice, generate_split, pictures_to_draw, score_settings
from tts.evaluation.scores import Scores, pool
from tts.evaluation.tables import score_table
from tts.generation.batch import speak_to_folder, voice_digest
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.text_files import read_requests
from tts.generation.voice import load_voice
from tts.recipe import load_recipe
from tts.recipe.comparison import SMALLEST_MCD
from tts.training.train import train_voice

SYSTEMS = ("single", "stacked")
COMPARED = ("mcd", "f0_rmse", "f0_correlation", "vuv_error", "bap", "gv_mcep", "modulation")
ONE_SEED = (
    "One seed of each, a few sentences of a synthetic speaker: this shows the form of a comparison, not what real speech "
    "gains. A verdict needs two trainings or more: tts compare trains several seeds of every system."
)
SHORT = [
    "corpus.select.limit=48",
    "training.steps=150",
    "systems.single.training={steps: 300}",
    "training.validate_every=75",
    "duration.training.steps=100",
    "duration.training.validate_every=50",
]


ESPEAK = [  # what differs where espeak-ng speaks
    "corpus={format: espeak-demo, speaker: espeak-ng, licence: GPL-3.0-or-later, source: made by espeak-ng from the "
    "sentences in this package}",
    "frames.sample_rate=22050",
]
WHOSE = {
    "hibari": "by hibari-tts (Apache-2.0), whose voice is a distilled network's and no person's",
    "espeak-ng": "by espeak-ng (GPL-3.0), a robot's voice",
}


def run_demo(out: Path, *, speaker: str = "hibari", short: bool = False, say: Callable[[str], None], command: str = "") -> None:
    """Run the demo into ``out``; ``say`` receives what the user reads. A second run continues or repeats only what is new.

    ``speaker``, ``hibari`` or ``espeak-ng``, speaks the corpus.
    """
    folder = shipped_folder("recipes") / "demo"
    text = shipped_folder("data") / "speak_demo.txt"
    recipe = load_recipe(folder, [*(ESPEAK if speaker == "espeak-ng" else []), *(SHORT if short else [])])
    out = out.with_name(f"{out.name}-short") if short else out
    say(f"1. a corpus of synthetic speech, spoken {WHOSE[speaker]}; prepare it: check, analyse, align")
    prepared = prepare_corpus(recipe, folder, out / "corpus", out / "prepared", command=command)
    recipe = recipe.for_speech(prepared.speech_seconds)
    scores: dict[str, dict[str, Scores]] = {}
    for system in SYSTEMS:
        say(f"2. train {system}: {recipe.systems[system].description}")
        train_voice(recipe, prepared, system, out / system, command=command)
        scores[system] = {item.id: item.scores for item in generate_split(load_voice(out / system), prepared, "test")}
    metrics = ("mcd", "f0_rmse", "vuv_error", "duration_rmse", "gv_mcep")
    rows = [(system, pool(scores[system].values())) for system in SYSTEMS]
    table = score_table(rows, score_settings(prepared), metrics=metrics, style="markdown")
    contrasts = compare_two(
        {1: scores[SYSTEMS[0]]}, {1: scores[SYSTEMS[1]]}, SYSTEMS, COMPARED, floor=phone_means(prepared), smallest=SMALLEST_MCD
    )
    compared = f"{table}\n\n{difference_table(contrasts)}\n\n{ONE_SEED}"
    say(f"\n3. comparison on the test sentences\n\n{compared}")
    write_text(out / "comparison.md", f"# {SYSTEMS[1]} against {SYSTEMS[0]}\n\n{compared}\n")
    better = min(SYSTEMS, key=lambda system: dict(rows)[system]["mcd"] or math.inf)
    say(f"\n4. speak {text.name} with {better}, whose MCD is lower")
    voice = load_voice(out / better)
    judged = out / better / "evaluation"
    assessment = evaluate_voice(voice, prepared, judged, command=command)
    if pictures_to_draw(None):
        draw(assessment, voice.grid, judged, 1)
    with Synthesiser(voice, SynthesisSettings.of(voice.generation, workers=None)) as synthesiser:
        report = speak_to_folder(
            synthesiser, read_requests([text]), out / "speech", voice=voice_digest(out / better), resume=True
        )
    say(str(report))
    say(f"speech: {out / 'speech'}   scores, wavs and pictures: {judged}   comparison: {out / 'comparison.md'}")
