"""Groups keep their own weights whatever their names sort like: main is not the first of the alphabet."""

import torch

from tts.network.layout import speaking_parts
from tts.network.stack import Stack
from tts.recipe import StagePart

WIDTHS = {"mcep": 9, "lf0": 3, "vuv": 1, "bap": 3, "gammatone": 4, "aperiodic": 5}


def test_a_basis_speaks_with_the_main_groups_weights() -> None:
    tasks = {"mcep": 1, "lf0": 1, "vuv": 1, "bap": 1, "gammatone": 0.2, "aperiodic": 0.1}
    part = StagePart.model_validate({"trunk": {"layers": [8, 8]}, "tasks": tasks, "sharing": "go_mtl"})
    stack = Stack(6, (part,), WIDTHS, seed=1).eval()
    small = Stack(6, speaking_parts((part,)), WIDTHS).eval()
    small.load_state_dict(stack.speaking())
    x = torch.randn(2, 5, 6)
    for name in ("mcep", "lf0", "vuv", "bap"):
        torch.testing.assert_close(small(x)[-1].heads[name], stack(x)[-1].heads[name])
