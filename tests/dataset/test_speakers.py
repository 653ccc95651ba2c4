"""Several speakers in one network: who reads the code, whose output layers learn, and that the choice is the speaker's."""

import numpy as np
import pytest
import torch

from tts.dataset.speakers import SpeakerInput, speaker_codes, speaker_input
from tts.network.layout import speaking_parts
from tts.network.stack import Stack, Stage
from tts.recipe import StagePart

WIDTHS = {"mcep": 9, "lf0": 3, "vuv": 1, "bap": 3, "mel": 4}
MAIN = {"mcep": 1, "lf0": 1, "vuv": 1, "bap": 1}
COUNT = 3


def stage(tasks: dict, **more: object) -> StagePart:
    return StagePart.model_validate({"trunk": {"layers": [8, 8]}, "tasks": tasks} | more)


def coded(x: torch.Tensor, speaker: int) -> torch.Tensor:
    code = torch.from_numpy(speaker_codes([speaker], COUNT)).expand(*x.shape[:-1], COUNT)
    return torch.cat([x, code], dim=-1)


def test_what_a_recipe_says_of_speakers() -> None:
    assert speaker_input("none", 3) is None
    assert speaker_input("code", 1) is None  # one speaker needs no code
    assert speaker_input("code", 3) == SpeakerInput(3, code=True, heads=False)
    assert speaker_input("heads", 3) == SpeakerInput(3, code=False, heads=True)
    assert speaker_input("code_and_heads", 3) == SpeakerInput(3, code=True, heads=True)


def test_a_code_has_one_column_a_speaker() -> None:
    np.testing.assert_array_equal(speaker_codes([2, 0], 3), [[0, 0, 1], [1, 0, 0]])


def test_frames_of_one_speaker_train_their_own_output_layers_and_the_shared_layers_alone() -> None:
    model = Stage(6 + COUNT, stage({**MAIN, "mel": 1}), WIDTHS, speakers=SpeakerInput(COUNT, code=False, heads=True))
    said = model(coded(torch.randn(2, 5, 6), 1)).heads
    assert {name: values.shape[-1] for name, values in said.items()} == WIDTHS
    sum(values.square().sum() for values in said.values()).backward()
    for name in MAIN:
        rows = model.heads[name].output.weight.grad.view(COUNT, WIDTHS[name], -1).abs().sum(dim=(1, 2))
        assert (rows > 0).tolist() == [False, True, False]
    for layer in (*model.trunk.layers, model.heads["mel"].output):  # an auxiliary task's head is everybody's
        assert layer.weight.grad.abs().sum() > 0


def test_output_layers_of_their_own_answer_as_separate_networks_would() -> None:
    shared = SpeakerInput(COUNT, code=False, heads=True)
    model = Stage(6 + COUNT, stage(MAIN), WIDTHS, speakers=shared).eval()
    x = torch.randn(2, 5, 6)
    for speaker in range(COUNT):
        alone = Stage(6, stage(MAIN), WIDTHS).eval()
        weights = model.state_dict()
        for name in MAIN:
            for key in (f"heads.{name}.output.weight", f"heads.{name}.output.bias"):
                weights[key] = weights[key].unflatten(0, (COUNT, -1))[speaker]
        alone.load_state_dict(weights)
        for name, values in alone(x).heads.items():
            torch.testing.assert_close(model(coded(x, speaker)).heads[name], values)


def test_without_the_code_the_trunk_is_the_same_for_all_and_with_it_it_is_not() -> None:
    x = torch.randn(1, 4, 6)
    heads = Stage(6 + COUNT, stage({**MAIN, "mel": 1}), WIDTHS, speakers=SpeakerInput(COUNT, code=False, heads=True)).eval()
    torch.testing.assert_close(heads(coded(x, 0)).heads["mel"], heads(coded(x, 2)).heads["mel"])
    assert not torch.allclose(heads(coded(x, 0)).heads["mcep"], heads(coded(x, 2)).heads["mcep"])
    code = Stage(6 + COUNT, stage({**MAIN, "mel": 1}), WIDTHS, speakers=SpeakerInput(COUNT)).eval()
    assert not torch.allclose(code(coded(x, 0)).heads["mel"], code(coded(x, 2)).heads["mel"])


@pytest.mark.parametrize("use", ["code", "heads", "code_and_heads"])
def test_a_stack_hands_the_code_to_every_stage_and_speaks_without_its_auxiliary_heads(use: str) -> None:
    parts = (
        stage({**MAIN, "mel": 0.2}, bottleneck=4),
        stage({**MAIN, "mel": 0.2}, context=2, linguistic_context=1),
    )
    speakers = speaker_input(use, COUNT)
    stack = Stack(6, parts, WIDTHS, seed=1, speakers=speakers).eval()
    small = Stack(6, speaking_parts(parts), WIDTHS, speakers=speakers).eval()
    small.load_state_dict(stack.speaking())
    x = coded(torch.randn(2, 7, 6), 1)
    mask = torch.arange(7) < torch.tensor([7, 4])[:, None]
    whole, spoken = stack(x, mask)[-1].heads, small(x, mask)[-1].heads
    for name in MAIN:
        torch.testing.assert_close(whole[name], spoken[name])


def test_one_speaker_starts_from_the_same_weights_as_before() -> None:
    part = stage(MAIN)
    first, again = Stack(6, (part,), WIDTHS, seed=1), Stack(6, (part,), WIDTHS, seed=1, speakers=None)
    for name, values in first.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], values)
