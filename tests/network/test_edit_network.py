"""The edit's network and its discriminators: no edit at the start, whole sentences, no look beyond padding."""

from __future__ import annotations

import torch

from tts.network.discriminators import Discriminators
from tts.network.edit import Edit
from tts.recipe import EditPart

PART = EditPart(frames=2, blocks=3, width=8, kernel=3)


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def moved(edit: Edit) -> Edit:
    torch.manual_seed(3)
    torch.nn.init.normal_(edit.output.weight, std=0.5)
    return edit.eval()


def test_a_new_edit_changes_nothing() -> None:
    edit = Edit(PART, streams=5, hidden=7, outputs=3)
    assert torch.equal(edit(drawn(2, 9, 10), drawn(2, 9, 7)), torch.zeros(2, 9, 6))


def test_a_padded_sentence_is_edited_as_it_is_alone() -> None:
    edit = moved(Edit(PART, streams=5, hidden=7, outputs=3))
    trajectories, hidden = drawn(1, 9, 10), drawn(1, 9, 7, seed=2)
    alone = edit(trajectories, hidden)
    padded = [torch.cat([x, drawn(1, 4, x.shape[2], seed=5)], dim=1) for x in (trajectories, hidden)]
    mask = torch.arange(13)[None] < 9
    torch.testing.assert_close(edit(*padded, mask)[:, :9], alone, rtol=1e-5, atol=1e-6)


def test_an_edit_reads_as_many_tokens_as_its_blocks_reach() -> None:
    edit = moved(Edit(PART, streams=5, hidden=7, outputs=3))
    trajectories, hidden = drawn(1, 21, 10), drawn(1, 21, 7)
    other = trajectories.clone()
    other[0, 10] += 1.0
    changed = (edit(other, hidden) - edit(trajectories, hidden)).abs().amax(dim=(0, 2)) > 1e-7
    assert changed.nonzero().flatten().tolist() == list(range(7, 14))  # three blocks of three tokens


def test_the_size_of_the_hidden_layer_does_not_matter() -> None:
    edit = moved(Edit(PART, streams=5, hidden=7, outputs=3))
    trajectories, hidden = drawn(1, 9, 10), drawn(1, 9, 7)
    torch.testing.assert_close(edit(trajectories, 10.0 * hidden), edit(trajectories, hidden), rtol=1e-3, atol=1e-4)


def test_both_discriminators_judge_and_hand_out_their_hidden_layers() -> None:
    judges = Discriminators(width=6, frames=2, condition=17, trajectory=(4, 4), plane=(2, 3, 4))
    answers = judges(drawn(3, 16, 12), drawn(3, 16, 17))
    assert [len(hidden) for _, hidden in answers] == [2, 3]
    assert [score.shape[0] for score, _ in answers] == [3, 3]
    assert answers[0][0].shape == (3, 1, 8)  # every second token
