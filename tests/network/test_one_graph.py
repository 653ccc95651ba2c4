"""A network is one graph: nothing in a forward pass breaks out of it, so compilers and CUDA graphs can take it whole."""

from __future__ import annotations

import pytest
import torch

from tts.network.joint import Joint
from tts.network.stack import Stack
from tts.recipe import StagePart

WIDTHS = {"mcep": 6, "vuv": 1, "phone": 3}


@pytest.mark.slow
def test_a_stack_in_training_is_traced_whole() -> None:
    tasks = {"mcep": 1, "vuv": 1, "phone": {"private": [4]}}
    unrelated = {"pairs": [("main", "phone")], "form": "activation"}
    first = {"trunk": {"layers": [8, 8]}, "tasks": tasks, "bottleneck": 3, "unrelated": unrelated}
    second = {"trunk": {"layers": [8]}, "tasks": {"mcep": 1}, "context": 1}
    model = Joint(Stack(5, (StagePart.model_validate(first), StagePart.model_validate(second)), WIDTHS, seed=1)).train()
    x, mask = torch.randn(2, 9, 5), torch.arange(9) < torch.tensor([9, 4])[:, None]
    plain, traced = model(x, mask), torch.compile(model, backend="eager", fullgraph=True)(x, mask)
    for name, values in plain.heads.items():
        torch.testing.assert_close(traced.heads[name], values)
    torch.testing.assert_close(model.penalty(traced), model.penalty(plain))
