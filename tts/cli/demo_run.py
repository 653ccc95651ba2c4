"""The demo: a small corpus spoken by espeak-ng, two voices, their comparison, and a text file spoken by the better one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tts.comparison.two_voices import compare_scores, sentence
from tts.core.files import write_text
from tts.core.shipped import shipped_folder
from tts.dataset.prepare import prepare_corpus
from tts.evaluation.evaluate import draw, evaluate_voice, generate_split, pictures_to_draw, score_settings
from tts.evaluation.scores import pool
from tts.evaluation.tables import score_table
from tts.generation.batch import speak_to_folder, voice_digest
from tts.generation.requests import read_requests
from tts.generation.synthesiser import Synthesiser
from tts.generation.voice import load_voice
from tts.recipe import load_recipe
from tts.training.train import train_voice

SYSTEMS = ("single", "stacked")
SHORT = [
    "training.steps=150",
    "systems.single.training={steps: 300}",
    "training.validate_every=75",
    "duration.training.steps=100",
    "duration.training.validate_every=50",
]


def run_demo(out: Path, *, short: bool = False, say: Callable[[str], None], command: str = "") -> None:
    """Run the demo into ``out``; ``say`` receives what the user reads. A second run continues or repeats only what is new."""
    folder = shipped_folder("recipes") / "demo"
    text = shipped_folder("data") / "speak_demo.txt"
    recipe = load_recipe(folder, SHORT if short else None)
    out = out.with_name(f"{out.name}-short") if short else out
    say("1. a corpus, spoken by espeak-ng; prepare it: check, analyse, align")
    prepared = prepare_corpus(recipe, folder, out / "corpus", out / "prepared", command=command)
    recipe = recipe.for_speech(prepared.speech_seconds)
    scores = {}
    for system in SYSTEMS:
        say(f"2. train {system}: {recipe.systems[system].description}")
        train_voice(recipe, prepared, system, out / system, command=command)
        scores[system] = {item.id: item.scores for item in generate_split(load_voice(out / system), prepared, "test")}
    metrics = ("mcd", "f0_rmse", "vuv_error", "duration_rmse", "gv_mcep")
    rows = [(system, pool(scores[system].values())) for system in SYSTEMS]
    table = score_table(rows, score_settings(prepared), metrics=metrics, style="markdown")
    differences, found = compare_scores(scores[SYSTEMS[0]], scores[SYSTEMS[1]], SYSTEMS)
    verdict = sentence(found[0], SYSTEMS)
    say(f"\n3. comparison on the test sentences\n\n{table}\n\n{differences}\n\n{verdict}")
    say("One seed, eight sentences of a synthetic speaker: it shows the form of a comparison, not what real speech gains.")
    write_text(out / "comparison.md", f"# {SYSTEMS[1]} against {SYSTEMS[0]}\n\n{table}\n\n{differences}\n\n{verdict}\n")
    better = SYSTEMS[1] if (found[0].probability_better or 0.0) > 0.5 else SYSTEMS[0]
    say(f"\n4. speak {text.name} with {better}")
    voice = load_voice(out / better)
    judged = out / better / "evaluation"
    assessment = evaluate_voice(voice, prepared, judged, command=command)
    if pictures_to_draw(None):
        draw(assessment, voice.grid, judged, 1)
    with Synthesiser(voice) as synthesiser:
        report = speak_to_folder(
            synthesiser, read_requests([text]), out / "speech", voice=voice_digest(out / better), resume=True
        )
    say(str(report))
    say(f"speech: {out / 'speech'}   scores, wavs and pictures: {judged}   comparison: {out / 'comparison.md'}")
