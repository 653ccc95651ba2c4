"""Cross-stitch and sluice networks: a column of layers for every group, mixed after each layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tts.network.orthogonality import rows_overlap
from tts.network.sharing import Sharing, prefixed
from tts.network.trunks import Trunk


class CrossStitch(Sharing):
    r"""A trunk for every group; after each layer the columns are mixed, ``h~_t = sum_u a_tu h_u``.

    With one subspace these are cross-stitch units (Misra et al. 2016, CVPR, eq. 1); with more, every layer is cut into equal
    parts that are mixed one by one (Ruder et al. 2017, sluice networks, eq. 3-4). The weights start at ``keep`` for a part's
    own and share the rest evenly; they are kept as ``a = start + speed * r`` with r learnt, which under Adam is a learning
    rate ``speed`` times higher. ``mixture`` appends ``sum_l b_tl h_t^l`` to each group's layers, starting at the top layer
    alone. ``orthogonality`` weighs the mean overlap of a layer's subspaces (the rows of its matrix): each call takes one
    layer, drawn at random, so that on average it is that of all.
    """

    def __init__(
        self,
        trunk: Trunk,
        groups: Sequence[str],
        wanted: Sequence[str] | None = None,
        *,
        subspaces: int = 1,
        keep: float = 0.9,
        speed: float = 10.0,
        mixture: bool = False,
        orthogonality: float = 0.0,
    ) -> None:
        super().__init__(trunk, groups, wanted)
        self.subspaces, self.keep, self.speed, self.orthogonality = subspaces, keep, speed, orthogonality
        self.columns = nn.ModuleDict({group: trunk.another() if n else trunk for n, group in enumerate(self.groups)})
        count, layers = subspaces * len(self.groups), len(trunk.layers)
        # One flat vector a group: weight decay, which takes matrices alone, leaves them be, and those not wanted drop out.
        self.stitches = nn.ModuleList(
            nn.ParameterDict({g: nn.Parameter(torch.zeros(subspaces * count)) for g in mixed})
            for mixed in [self.groups] * (layers - 1) + [self.wanted]
        )
        self.mixtures = nn.ParameterDict({g: nn.Parameter(torch.zeros(layers)) for g in self.wanted}) if mixture else None

    def weights(self, layer: int) -> Tensor:
        """Return the mixing weights after a layer: (groups out, subspaces out, groups in, subspaces in)."""
        parts, groups = self.subspaces, len(self.groups)
        stitch = self.stitches[layer]
        assert isinstance(stitch, nn.ParameterDict)
        learnt = torch.stack([stitch[g].view(parts, groups, parts) for g in self.groups if g in stitch])
        count = parts * groups
        start = torch.full((count, count), (1.0 - self.keep) / max(count - 1, 1), device=learnt.device)
        start.fill_diagonal_(self.keep if count > 1 else 1.0)
        rows = start.view(groups, parts, groups, parts).unbind()
        return torch.stack([row for row, g in zip(rows, self.groups, strict=True) if g in stitch]) + self.speed * learnt

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[list[Tensor]]:
        """See :class:`Sharing`; with ``mixture`` there is one layer more than the trunk has."""
        columns = self._trunks()
        padding = columns[0].padding(mask)
        inputs = [x] * len(columns)
        layers: list[list[Tensor]] = []
        for number in range(len(self.stitches)):
            outputs = torch.stack([column.step(number, h, padding) for column, h in zip(columns, inputs, strict=True)])
            weights = self.weights(number).to(outputs.dtype)
            if self.subspaces == 1:
                mixed = torch.tensordot(weights[:, 0, :, 0], outputs, 1)
            else:
                parts = outputs.view(*outputs.shape[:-1], self.subspaces, -1)
                mixed = torch.einsum("rgth,t...hw->r...gw", weights, parts).flatten(-2)
            inputs = list(mixed)
            layers.append(inputs)
        places = [self.groups.index(group) for group in self.wanted]
        views = [[layer[place] for layer in layers[:-1]] + [layers[-1][n]] for n, place in enumerate(places)]
        if self.mixtures is not None:
            for group, view in zip(self.wanted, views, strict=True):
                shares = self.speed * self.mixtures[group]
                view.append(view[-1] + sum(share * h for share, h in zip(shares, view, strict=True)))
        return views

    def input_axes(self) -> dict[str, int]:
        """See :class:`Sharing`: those of every column."""
        axes: dict[str, int] = {}
        for group, column in zip(self.groups, self._trunks(), strict=True):
            axes |= prefixed(f"columns.{group}", column.input_axes())
        return axes

    def penalties(self) -> dict[str, Tensor]:
        """Return the overlap of the subspaces of one layer, where it is wanted."""
        if not self.orthogonality or not self.training:
            return {}
        number = int(torch.randint(len(self.stitches), ()))
        weights = [column.layers[number].get_parameter("weight") for column in self._trunks()]
        overlaps = torch.stack([rows_overlap(weight, self.subspaces) for weight in weights])
        return {"sluice": self.orthogonality * overlaps.mean()}

    def _trunks(self) -> list[Trunk]:
        return [column for column in self.columns.values() if isinstance(column, Trunk)]
