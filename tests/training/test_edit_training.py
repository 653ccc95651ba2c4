"""The training of an edit: what it learns, what holds it, and that it goes on to the bit after an interruption."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tts.core.errors import TtsError
from tts.core.tensors import load_tensors
from tts.dataset.prepared import Prepared
from tts.generation.config import parse_config
from tts.generation.editing import EditInputs, Editor
from tts.generation.summary import read_summary
from tts.generation.voice import Voice, load_voice, make_edit
from tts.network.edit import Edit
from tts.recipe import EditPart, Recipe
from tts.training.checkpoint import BEST, LAST
from tts.training.edit import EditTraining
from tts.training.edit_data import EditCrops, EditUtterance
from tts.training.edit_learner import EditLearner, make_discriminators, scaled_output
from tts.training.train import train_voice, voice_identity

OLD = Path(__file__).parents[1] / "fixtures" / "format-2"
SMALL = EditPart(
    blocks=2, width=12, kernel=3, trajectory_discriminator=(6, 6), plane_discriminator=(3, 4), batch=64, crop=16, steps=6,
    validate_every=3, average=0.9, learning_rate=0.003,
)  # fmt: skip
CPU = torch.device("cpu")


def voice_with(part: EditPart) -> Voice:
    """A trained voice of the fixtures with a new edit."""
    voice = load_voice(OLD / "single", "cpu")
    generation = voice.generation.model_copy(update={"post_filter": "variance", "strength": 1.0, "f0_variance": 1.0})
    config = voice.config.model_copy(update={"edit": part, "generation": generation})
    torch.manual_seed(7)
    return Voice(config, voice.stack, voice.duration, voice.statistics, voice.device, make_edit(config, voice.stack))


def weights(voice: Voice) -> dict[str, torch.Tensor]:
    assert voice.edit is not None
    return {name: value.clone() for name, value in voice.edit.state_dict().items()}


def work(voice: Voice, folder: Path, part: EditPart = SMALL) -> EditTraining:
    return EditTraining(voice, Prepared(OLD / "prepared"), part, 5, folder)


def test_an_interrupted_training_ends_as_one_that_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = voice_with(SMALL)
    summary = work(whole, tmp_path / "whole").run()

    step, count = EditLearner.step, [0]

    def interrupted(self: EditLearner) -> dict[str, torch.Tensor]:
        count[0] += 1
        if count[0] == 6:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(EditLearner, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        work(voice_with(SMALL), tmp_path / "parts").run()
    monkeypatch.undo()
    assert load_tensors(tmp_path / "parts" / LAST)[1]["step"] == 3
    parts = voice_with(SMALL)
    again = work(parts, tmp_path / "parts").run()

    assert again.scores == summary.scores
    first, second = (load_tensors(tmp_path / name / LAST)[0] for name in ("whole", "parts"))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert all(torch.equal(a, b) for a, b in zip(weights(whole).values(), weights(parts).values(), strict=True))


def test_a_finished_training_is_read_back_and_other_settings_are_refused(tmp_path: Path) -> None:
    voice = voice_with(SMALL)
    summary = work(voice, tmp_path).run()
    other = voice_with(SMALL)
    assert work(other, tmp_path).run() == summary
    assert all(torch.equal(a, b) for a, b in zip(weights(voice).values(), weights(other).values(), strict=True))
    with pytest.raises(TtsError, match="other settings of the edit"):
        work(voice, tmp_path, SMALL.model_copy(update={"leash": 1.0})).run()
    (tmp_path / LAST).write_bytes(b"nothing")
    with pytest.raises(TtsError, match="is trained again from step 0"):
        work(voice, tmp_path).run()


def test_the_history_says_size_variance_and_modulation_and_begins_with_no_edit(tmp_path: Path) -> None:
    summary = work(voice_with(SMALL), tmp_path).run()
    facts = load_tensors(tmp_path / LAST)[1]
    assert [entry["step"] for entry in facts["history"]] == [0, 3, 6]
    assert facts["history"][0]["valid/edit"] == 0.0
    assert {"valid/gv_mcep", "valid/modulation", "valid/edit", "valid/scale"} <= facts["history"][-1].keys()
    assert summary.before["valid/modulation"] == facts["history"][0]["valid/modulation"]
    assert summary.step == min(facts["history"], key=lambda entry: entry["valid/modulation"])["step"]
    assert (tmp_path / BEST).is_file() and (tmp_path / "history.tsv").is_file()


def test_the_factor_that_holds_the_variance_goes_into_the_weights() -> None:
    edit = Edit(SMALL, 5, 7, 3)
    torch.nn.init.normal_(edit.output.weight)
    torch.nn.init.normal_(edit.output.bias)
    x, hidden = torch.randn(1, 6, 10), torch.randn(1, 6, 7)
    whole = edit(x, hidden)
    edit.load_state_dict(scaled_output(edit.state_dict(), 0.6))
    torch.testing.assert_close(edit(x, hidden), 0.6 * whole)


# A corpus that is known: natural trajectories are the predicted ones and a ripple of a tenth of their rate of change that no
# scaling can give; which way it swings is said by the hidden layer.
FRAMES, STREAMS, RIPPLE = 2, 6, 0.8


def known_utterances(count: int = 24, tokens: int = 40) -> list[EditUtterance]:
    random = np.random.default_rng(3)
    made = []
    for number in range(count):
        time = np.arange(FRAMES * tokens)
        base = np.stack([np.sin(0.05 * time * (1 + c) + random.uniform(0, 6)) for c in range(STREAMS)], axis=1)
        sign = np.where((time // 16 + number) % 2, 1.0, -1.0)
        ripple = RIPPLE * np.sin(np.pi * time / 4.0)[:, None] * sign[:, None]
        hidden = np.stack([sign, np.cos(np.pi * time / 4.0), np.sin(np.pi * time / 4.0), np.ones(len(time))], axis=1)
        natural = base[:, 1:4] + ripple
        inputs = EditInputs(
            base.astype(np.float32).reshape(tokens, -1),
            hidden.reshape(tokens, FRAMES, 4)[:, 0].astype(np.float32),
            0,
            len(time),
        )
        made.append(EditUtterance(number, 0, inputs, natural.astype(np.float32).reshape(tokens, -1)))
    return made


def trained_on_known(leash: float, steps: int = 60) -> tuple[float, float]:
    """Return how the edit correlates with the ripple, and its mean square over the ripple's."""
    part = SMALL.model_copy(update={"leash": leash, "steps": steps, "width": 32, "batch": 128, "learning_rate": 0.006})
    utterances = known_utterances()
    torch.manual_seed(1)
    edit = Edit(part, STREAMS, 4, 3)
    crops = EditCrops(iter(utterances), part.crop, 1, CPU)
    learner = EditLearner(part, edit, make_discriminators(part, edit, STREAMS, 4, 1), crops)
    for _ in range(steps):
        learner.step()
    edit.load_state_dict(learner.kept_weights())
    editor = Editor(part, edit, {}, {}, CPU)
    edits, ripples = [], []
    for each in utterances:
        edits.append(editor.run(each.inputs))
        frames = each.inputs.trajectories.reshape(-1, STREAMS)
        ripples.append(each.natural.reshape(-1, 3) - frames[:, 1:4])
    made, wanted = np.concatenate(edits).ravel(), np.concatenate(ripples).ravel()
    return float(np.corrcoef(made, wanted)[0, 1]), float(np.mean(made**2) / np.mean(wanted**2))


def test_an_edit_learns_a_modulation_that_scaling_cannot_give_and_a_leash_holds_it_small() -> None:
    correlation, size = trained_on_known(leash=0.3)
    _, held = trained_on_known(leash=100.0)
    assert correlation > 0.6 and size > 0.2
    assert held < 0.1 * size


def test_crops_depend_on_seed_and_step_alone_and_are_of_one_utterance() -> None:
    utterances = [replace(each, natural=np.full_like(each.natural, each.number)) for each in known_utterances(5, 20)]
    crops, again = (EditCrops(iter(utterances), 16, 9, CPU) for _ in range(2))
    drawn = [each(4, 32)[2] for each in (crops, again)]
    assert torch.equal(*drawn)
    assert not torch.equal(drawn[0], crops(5, 32)[2])
    assert all(len(crop.unique()) == 1 for crop in drawn[0])
    assert sorted(drawn[0].unique().tolist()) == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_crop_is_as_long_as_the_longest_utterance_where_none_is_longer() -> None:
    assert EditCrops(iter(known_utterances(3, 10)), 64, 1, CPU).crop == 10


def test_an_old_configuration_has_no_edit() -> None:
    config = load_voice(OLD / "single", "cpu").config
    assert config.edit is None
    data = {"kind": "x", "format": 2, **config.model_dump(mode="json")}
    data.pop("edit")
    data["generation"].pop("edit_strength")
    assert parse_config(data, Path("config.json")).generation.edit_strength == 1.0


def test_an_edit_is_trained_behind_a_finished_voice_that_stays_as_it_is(tmp_path: Path) -> None:
    """What ``transfer: {init_from, freeze}`` and a stage of kind edit come to: the way to an edit for a voice one has."""
    prepared, source = Prepared(OLD / "prepared"), load_voice(OLD / "single", "cpu")
    network = prepared.recipe.systems["single"].model_dump(mode="json")
    edit = SMALL.model_dump(mode="json")
    transfer = {"init_from": str(OLD / "single"), "freeze": ["stages.0", "duration"]}
    edited = {"stages": [*network["stages"], edit], "transfer": transfer}
    data = {key: value for key, value in prepared.facts.recipe.items() if key not in ("comparison", "samples")}
    generation = {"post_filter": "variance", "strength": 1.0, "f0_variance": 1.0}
    # A head that the voice no longer has is no reason to refuse: nobody speaks with it.
    duration = {**data["duration"], "tasks": {"duration": 1, "phone_class": 0.05}}
    recipe = Recipe.model_validate({**data, "generation": generation, "duration": duration, "systems": {"edited": edited}})
    summary = train_voice(recipe, prepared, "edited", tmp_path / "voice", device="cpu")
    voice = load_voice(tmp_path / "voice", "cpu")

    assert summary.edit is not None and summary.edit.steps == SMALL.steps
    assert summary.stages[0].frozen and summary.duration.frozen
    sentence = prepared.sentences[prepared.packed("validation").ids[0]]
    frames = [np.full((len(sentence.segments), source.states), 3)]
    ours, theirs = (each.acoustics([sentence], frames)[0] for each in (voice, source))
    assert all(np.allclose(ours[name], theirs[name], atol=1e-4) for name in theirs)
    assert voice.edit is not None and voice.config.edit == SMALL
    assert not [path.name for path in (tmp_path / "voice").glob("*.safetensors") if "discriminator" in path.name]
    assert read_summary(tmp_path / "voice" / "training") == summary
    card = (tmp_path / "voice" / "README.md").read_text(encoding="utf-8")
    assert "* edit: 2 x 12, 2 frames a token, leash 10, strength 1; validation: GV mcep " in card
    assert voice_identity(recipe, prepared, "edited") != voice_identity(
        recipe.changed(["generation.strength=0.5"]), prepared, "edited"
    )
