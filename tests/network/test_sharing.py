"""Ways of sharing against what each must equal in a special case, and against what must hold for all of them."""

import copy

import pytest
import torch
from torch import Tensor, nn

from tts.network.adapters import LowRankAdapters
from tts.network.cross_stitch import CrossStitch
from tts.network.experts import ExpertGate, MixtureOfExperts, ProgressiveExtraction
from tts.network.go_mtl import SparseTrunks
from tts.network.layout import speaking_parts
from tts.network.orthogonality import overlap
from tts.network.sharing import Sharing
from tts.network.stack import Stack, Stage
from tts.network.trunks import Trunk, make_trunk
from tts.recipe import StagePart, TrunkPart

WIDTHS = {"mcep": 9, "lf0": 3, "vuv": 1, "bap": 3, "mel": 4, "phone_class": 5}
MAIN = {"mcep": 1, "lf0": 1, "vuv": 1, "bap": 1}
GROUPS = ("main", "mel", "phone_class")
KINDS = [
    {"kind": "hard"},
    {"kind": "cross_stitch"},
    {"kind": "sluice", "mixture": True, "orthogonality": 0.1},
    {"kind": "mmoe", "experts": 3, "gate_dropout": 0.2},
    {"kind": "ple", "shared": 2},
    {"kind": "adapters", "rank": 2},
    {"kind": "go_mtl"},
]
TRUNKS = ["feedforward", "convolution", "lstm", "attention"]


def trunk(kind: str = "feedforward", **more: object) -> Trunk:
    torch.manual_seed(0)
    return make_trunk(6, TrunkPart.model_validate({"kind": kind, "layers": [8, 8, 8]} | more))


def part(sharing: object = "hard", tasks: dict | None = None, **more: object) -> StagePart:
    chosen = tasks or {**MAIN, "mel": 0.2, "phone_class": {"weight": 0.1, "private": [7]}}
    return StagePart.model_validate({"trunk": {"layers": [8, 8, 8]}, "tasks": chosen, "sharing": sharing} | more)


def stage(*arguments: object, seed: int = 0, **more: object) -> Stage:
    torch.manual_seed(seed)
    return Stage(6, part(*arguments, **more), WIDTHS)


def ways(base: Trunk, kept: tuple[str, ...] | None = None) -> list[Sharing]:
    return [
        CrossStitch(base, GROUPS, kept),
        CrossStitch(base, GROUPS, kept, subspaces=2, mixture=True),
        MixtureOfExperts(base, GROUPS, kept, experts=3),
        ProgressiveExtraction(base, GROUPS, kept),
        LowRankAdapters(base, GROUPS, kept, rank=2),
        SparseTrunks(base, GROUPS, kept),
    ]


def stirred(module: nn.Module) -> nn.Module:
    """Every parameter moved a little, so that nothing is zero or alike."""
    torch.manual_seed(7)
    with torch.no_grad():
        for p in module.parameters():
            p.add_(0.2 * torch.randn_like(p))
    return module


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRUNKS)
def test_every_group_sees_layers_that_padding_does_not_reach(kind: str) -> None:
    x = torch.randn(2, 9, 6)
    mask = torch.arange(9) < torch.tensor([9, 5])[:, None]
    for way in ways(trunk(kind)):
        stirred(way).eval()
        together, alone = way(x, mask), way(x[1:, :5])
        assert len(together) == len(GROUPS)
        for view, single in zip(together, alone, strict=True):
            assert [h.shape for h in view] == [(2, 9, 8)] * len(view)
            torch.testing.assert_close([h[1, :5] for h in view], [h[0] for h in single], atol=1e-5, rtol=1e-4)


def test_plain_arrays_without_a_time_axis_are_the_same_frames() -> None:
    x = torch.randn(4, 6)
    for way in ways(trunk()):
        stirred(way)
        torch.testing.assert_close([v[-1] for v in way(x)], [v[-1][0] for v in way(x[None])])


def test_cross_stitch_of_identity_is_separate_columns() -> None:
    way = CrossStitch(trunk(), GROUPS, keep=1.0)
    x = torch.randn(5, 6)
    for view, column in zip(way(x), way.columns.values(), strict=True):
        torch.testing.assert_close(view, column.hidden(x), atol=0, rtol=0)
    assert not torch.equal(way(x)[0][-1], way(x)[1][-1])


def test_cross_stitch_by_hand() -> None:
    way = CrossStitch(trunk(), ("a", "b"), keep=0.7)
    a, b = way.columns.values()
    x = torch.randn(5, 6)
    h, g = a.step(0, x, None), b.step(0, x, None)
    torch.testing.assert_close(way(x)[1][0], 0.3 * h + 0.7 * g)
    h, g = 0.7 * h + 0.3 * g, 0.3 * h + 0.7 * g
    torch.testing.assert_close(way(x)[0][1], 0.7 * a.step(1, h, None) + 0.3 * b.step(1, g, None))


def test_sluice_mixes_subspaces_by_hand() -> None:
    way = CrossStitch(trunk(), ("a", "b"), subspaces=2)
    stirred(way)
    x = torch.randn(5, 6)
    parts = [column.step(0, x, None).chunk(2, dim=-1) for column in way.columns.values()]
    weights = way.weights(0)  # (group out, subspace out, group in, subspace in)
    for n, view in enumerate(way(x)):
        mixed = [sum(weights[n, s, u, r] * parts[u][r] for u in range(2) for r in range(2)) for s in range(2)]
        torch.testing.assert_close(view[0], torch.cat(mixed, dim=-1))


def test_sluice_mixture_starts_at_the_top_layer_and_can_choose_another() -> None:
    way = CrossStitch(trunk(), GROUPS, subspaces=2, mixture=True, speed=10.0)
    x = torch.randn(5, 6)
    first, second, top, mixed = way(x)[0]
    torch.testing.assert_close(mixed, top)
    with torch.no_grad():
        way.mixtures["main"].copy_(torch.tensor([0.05, 0.0, -0.1]))
    torch.testing.assert_close(way(x)[0][-1], 0.5 * first)
    del second


def test_adapters_at_zero_are_hard_sharing() -> None:
    for kind in TRUNKS:
        base = trunk(kind)
        x = torch.randn(2, 5, 6)
        expected = base.hidden(x)
        for view in LowRankAdapters(base, GROUPS)(x):
            assert all(torch.equal(a, b) for a, b in zip(view, expected, strict=True))


def test_an_adapter_is_a_matrix_of_low_rank_beside_the_shared_one() -> None:
    way = LowRankAdapters(trunk(), GROUPS, rank=2)
    stirred(way)
    x = torch.randn(5, 6)
    adapter, layer = way.adapters["mel"][0], way.trunk.layers[0]
    delta = adapter.up @ adapter.down.weight
    assert torch.linalg.matrix_rank(delta) == 2
    torch.testing.assert_close(way(x)[1][0], torch.relu(nn.functional.linear(x, layer.weight + delta, layer.bias)))


def test_one_expert_is_hard_sharing() -> None:
    base = trunk()
    x = torch.randn(2, 5, 6)
    expected = base(x)
    for way in (MixtureOfExperts(base, GROUPS, experts=1), ProgressiveExtraction(base, GROUPS, shared=1, own=0)):
        for view in way(x):
            assert torch.equal(view[-1], expected)


@pytest.mark.parametrize("dropout", [0.0, 0.5, 0.95])
def test_gates_sum_to_one_and_spread_evenly_at_the_start(dropout: float) -> None:
    gate = ExpertGate(6, 4, dropout)
    x = torch.randn(50, 6)
    torch.testing.assert_close(gate.eval()(x), torch.full((50, 4), 0.25))
    stirred(gate)
    for training in (True, False):
        weights = gate.train(training)(x)
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(50))
    if dropout == 0.5:
        share = float((gate.train()(x.repeat(40, 1)) == 0).float().mean())
        assert 0.4 < share < 0.5  # half of them, but never all


def test_mixture_of_experts_by_hand() -> None:
    way = MixtureOfExperts(trunk(), GROUPS, experts=3)
    stirred(way)
    x = torch.randn(5, 6)
    gate = way.gates["mel"](x)
    torch.testing.assert_close(way(x)[1][0], sum(gate[:, [n]] * expert(x) for n, expert in enumerate(way.experts)))


def test_extraction_keeps_a_groups_own_experts_to_itself_at_the_first_level() -> None:
    way = ProgressiveExtraction(trunk(), GROUPS)
    stirred(way)
    x = torch.randn(5, 6)
    before = way(x)
    with torch.no_grad():
        for p in way.levels[0].own["mel"].parameters():
            p.add_(1.0)
    after = way(x)
    same = [[torch.equal(a, b) for a, b in zip(v, w, strict=True)] for v, w in zip(before, after, strict=True)]
    # The shared gate blends every expert, so mel's reach the others one level up, through the shared experts.
    assert same == [[True, False, False], [False, False, False], [True, False, False]]


def test_go_mtl_of_a_single_basis_vector_is_hard_sharing() -> None:
    base = trunk("lstm")
    x = torch.randn(2, 5, 6)
    expected = base.hidden(x)
    way = SparseTrunks(base, GROUPS, basis=1)
    with torch.no_grad():
        for s in way.basis.weights.values():
            s.fill_(1.0)
    for view in way(x):
        torch.testing.assert_close(view, expected)


def test_go_mtl_combines_the_bases() -> None:
    way = SparseTrunks(trunk(), GROUPS, basis=3)
    stirred(way)
    x = torch.randn(5, 6)
    first, others = way.basis.first.trunk, way.basis.more["trunk/layers/0/weight"]
    s = torch.tensor(way.grouping()["mel"])
    weight = s[0] * first.layers[0].weight + s[1] * others[0] + s[2] * others[1]
    torch.testing.assert_close(way(x)[1][0], torch.relu(nn.functional.linear(x, weight, first.layers[0].bias)))


# Stages


def test_what_is_shared_starts_from_the_same_weights_whatever_the_way() -> None:
    plain = stage().state_dict()
    for sharing in KINDS[1:]:
        other = stage(sharing).state_dict()
        for name, value in plain.items():
            if name.startswith("heads"):
                assert torch.equal(value, other[name]), (sharing, name)
        assert any(torch.equal(plain["trunk.layers.0.weight"], value) for value in other.values()), sharing


@pytest.mark.slow
@pytest.mark.parametrize("sharing", KINDS, ids=lambda s: s["kind"])
@pytest.mark.parametrize("more", [{}, {"tasks": {**MAIN, "mel": {"depth": 2, "private": [5]}}}], ids=["plain", "hint"])
def test_a_stack_speaks_the_same_without_what_it_does_not_need(sharing: dict, more: dict) -> None:
    if more and sharing["kind"] == "mmoe":
        more = {"tasks": {**MAIN, "mel": {"private": [5]}}}
    parts = (part(sharing, bottleneck=3, **more), part(sharing, context=2, **more))
    stack = Stack(6, parts, WIDTHS, seed=1).eval()
    stirred(stack)
    kept = stack.speaking()
    assert not any("heads.mel" in name or "heads.phone_class" in name or "stages.0.heads" in name for name in kept)
    if sharing["kind"] in ("mmoe", "ple", "adapters", "go_mtl"):
        assert sum(t.numel() for t in kept.values()) < sum(t.numel() for t in stack.state_dict().values())
    small = Stack(6, speaking_parts(parts), WIDTHS).eval()
    assert small.state_dict().keys() == kept.keys()
    small.load_state_dict(kept)
    assert small.speaking().keys() == kept.keys()
    x = torch.randn(2, 5, 6)
    said, expected = small(x)[-1].heads, stack(x)[-1].heads
    assert said.keys() == MAIN.keys()
    for name in MAIN:
        torch.testing.assert_close(said[name], expected[name])


def test_speaking_needs_neither_layers_nor_tasks_above_the_main_heads() -> None:
    low = {"weight": 1.0, "depth": 2}
    tasks = dict.fromkeys(MAIN, low) | {"mel": 0.2, "phone_class": {"private": [7, 4]}}
    tasks["mcep"] = {"depth": 2, "reads": "phone_class"}
    top = Stack(6, (part("hard", tasks | {"phone_class": {"depth": 1, "private": [7, 4]}}),), WIDTHS, seed=1)
    names = set(top.speaking())
    assert "stages.0.trunk.layers.1.weight" in names and "stages.0.trunk.layers.2.weight" not in names
    assert "stages.0.heads.phone_class.private.1.weight" in names  # what mcep hears
    assert "stages.0.heads.phone_class.output.weight" not in names
    # Heard from the top, the donor needs all layers after all.
    assert "stages.0.trunk.layers.2.weight" in Stack(6, (part("hard", tasks),), WIDTHS, seed=1).speaking()


def test_heads_at_depths_read_those_layers() -> None:
    tasks = {**MAIN, "mel": {"weight": 0.2, "depth": 2}, "phone_class": {"depth": 3}}
    model = stage("hard", tasks, bottleneck=4)
    x = torch.randn(2, 5, 6)
    layers = model.trunk.hidden(x)
    out = model(x)
    torch.testing.assert_close(out.heads["mel"], model.heads["mel"].output(layers[1]))
    torch.testing.assert_close(out.heads["phone_class"], model.heads["phone_class"].output(layers[2]))
    torch.testing.assert_close(out.heads["mcep"], model.heads["mcep"].output(out.bottleneck))


@pytest.mark.parametrize("sharing", KINDS[1:], ids=lambda s: s["kind"])
def test_the_main_groups_bottleneck_is_handed_on_or_the_mean_of_all(sharing: dict) -> None:
    model = stirred(stage(sharing, bottleneck=4)).eval()
    x = torch.randn(2, 5, 6)
    out = model(x)
    torch.testing.assert_close(out.heads["mcep"], model.heads["mcep"].output(out.bottleneck))
    model = stirred(stage(sharing, {"mel": 1, "phone_class": 1}, bottleneck=4)).eval()
    tops = [torch.tanh(model.bottleneck(view[-1])) for view in model.trunk(x)]
    torch.testing.assert_close(model(x).bottleneck, (tops[0] + tops[1]) / 2)


def gradients(model: Stage, x: Tensor, task: str) -> dict[str, Tensor | None]:
    model.zero_grad()
    model(x).heads[task].square().sum().backward()
    return {name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()}


def test_eavesdropping_leaves_the_donor_alone() -> None:
    x = torch.randn(2, 5, 6)
    tasks = {**MAIN, "mcep": {"reads": "phone_class"}, "phone_class": {"private": [7]}}
    with_ear, without = stage("hard", tasks), stage("hard", {**MAIN, "phone_class": {"private": [7]}})
    before, after = without(x).heads, with_ear(x).heads
    assert all(torch.equal(before[name], after[name]) for name in before)  # the ear starts deaf
    with torch.no_grad():
        with_ear.heads["mcep"].ear.normal_()
    assert not torch.equal(with_ear(x).heads["mcep"], before["mcep"])
    eavesdropper = gradients(with_ear, x, "mcep")
    assert all(g is None for name, g in eavesdropper.items() if name.startswith("heads.phone_class"))
    assert eavesdropper["heads.mcep.ear"] is not None
    # The trunk's gradient is that of a reader to whom the donor's layer is a constant.
    model = copy.deepcopy(with_ear)
    model.zero_grad()
    top = model.trunk(x)
    heard = torch.relu(model.heads["phone_class"].first(top.detach()))
    model.heads["mcep"](top, heard).square().sum().backward()
    for name, p in model.trunk.named_parameters():
        torch.testing.assert_close(eavesdropper[f"trunk.{name}"], p.grad)
    mine, theirs = gradients(with_ear, x, "phone_class"), gradients(without, x, "phone_class")
    for name, g in theirs.items():
        assert (g is None and mine[name] is None) or torch.equal(g, mine[name]), name


def test_penalties_of_unrelated_groups_can_be_met() -> None:
    x = torch.randn(3, 20, 6)
    private = {name: {"private": [5]} for name in MAIN}
    for form, tasks in (("readout", None), ("activation", {**private, "phone_class": {"private": [7]}, "mel": 0.2})):
        unrelated = {"pairs": [["main", "phone_class"]], "weight": 10.0, "form": form}
        model = stage("hard", tasks, unrelated=unrelated)
        optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
        history = []
        for _ in range(60):
            output = model(x)
            assert list(model.penalties(output)) == ["unrelated/main/phone_class"]
            penalty = model.penalty(output)
            history.append(float(penalty.detach()))
            optimiser.zero_grad()
            penalty.backward()
            optimiser.step()
            model.after_step(0.01)
        assert 0.0 <= history[-1] < 0.1 * history[0] <= 1.0
        copy.deepcopy(model)  # no graph is left behind
        assert torch.isfinite(model.eval()(x).heads["mcep"]).all()


def test_sluice_penalty_is_the_mean_over_layers() -> None:
    model = stage({"kind": "sluice", "orthogonality": 1.0})
    torch.manual_seed(0)
    found = {round(float(model.penalties()["sluice"].detach()), 6) for _ in range(40)}
    weights = [[column.layers[n].weight for column in model.trunk.columns.values()] for n in range(3)]
    expected = {round(float(sum(overlap(*w.chunk(2)) for w in layer).detach()) / 3, 6) for layer in weights}
    assert found == expected
    assert model.eval().penalties() == {}


def test_plain_stages_cost_nothing() -> None:
    model = stage()
    assert model.penalties() == {} and model.grouping() == {}
    assert model.penalty() == 0.0
    before = copy.deepcopy(model.state_dict())
    model.after_step(0.1)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_small_weights_of_sharing_are_vectors_which_weight_decay_leaves_alone() -> None:
    for sharing in KINDS:
        for name, p in stage(sharing).named_parameters():
            if any(word in name for word in ("stitches", "mixtures", "basis.weights")):
                assert p.ndim == 1


def test_the_proximal_steps_by_hand() -> None:
    model = stage({"kind": "go_mtl", "basis": 2, "sparsity": 0.5, "shrink": 0.25})
    basis = model.trunk.basis
    with torch.no_grad():
        basis.weights["mel"].copy_(torch.tensor([-0.8, 0.05]))
    before = copy.deepcopy(basis.state_dict())
    model.after_step(0.2)
    torch.testing.assert_close(basis.weights["mel"].detach(), torch.tensor([-0.7, 0.0]))
    for name, value in basis.state_dict().items():
        if not name.startswith("weights"):
            torch.testing.assert_close(value, before[name] / 1.1 if value.ndim > 1 else before[name])


def test_grouping_is_reported_by_group() -> None:
    assert stage({"kind": "go_mtl", "basis": 3}).grouping().keys() == set(GROUPS)


@pytest.mark.slow
@pytest.mark.parametrize("sharing", KINDS[1:], ids=lambda s: s["kind"])
def test_every_way_learns_and_every_parameter_is_used(sharing: dict) -> None:
    model = stage(sharing, bottleneck=4)
    x = torch.randn(4, 16, 6)
    targets = {name: torch.randn(1, 1, width) + x[..., :1] for name, width in WIDTHS.items()}
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    history = []
    for _ in range(40):
        heads = model(x).heads
        loss = sum((heads[name] - target).square().mean() for name, target in targets.items()) + model.penalty()
        optimiser.zero_grad()
        loss.backward()
        history.append(float(loss.detach()))
        assert all(p.grad is not None for p in model.parameters())
        optimiser.step()
        model.after_step(0.01)
    assert history[-1] < 0.7 * history[0]


@pytest.mark.parametrize("kind", TRUNKS)
def test_half_precision_stays_close(kind: str) -> None:
    x = torch.randn(2, 9, 6)
    mask = torch.arange(9) < torch.tensor([9, 5])[:, None]
    for way in ways(trunk(kind)):
        expected = way.eval()(x, mask)
        with torch.autocast("cpu", torch.bfloat16):
            rough = way(x, mask)
        for a, b in zip(rough, expected, strict=True):
            torch.testing.assert_close(a[-1].float()[mask], b[-1][mask], atol=0.05, rtol=0.1)
