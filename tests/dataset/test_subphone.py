"""Merlin's places of frames within phones, as nnmnkwii computes them for a real state alignment (tests/fixtures/nnmnkwii)."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from tts.dataset.subphone import WIDTHS, subphone_features
from tts.recipe import SubphoneKind

FIXTURE = Path(__file__).parent.parent / "fixtures" / "nnmnkwii" / "arctic_a0009.npz"


@pytest.mark.parametrize(
    "kind", ["full", "coarse_coding", "minimal_phoneme", "minimal_frame", "uniform_state", "state_only", "frame_only"]
)
def test_as_an_independent_implementation_computes_them(kind: SubphoneKind) -> None:
    with np.load(FIXTURE, allow_pickle=False) as stored:
        expected = stored[kind]
        durations = stored["durations"] if kind != "minimal_phoneme" else stored["phone_durations"][:, None]
    features = subphone_features(durations, kind)
    assert features.shape == (durations.sum(), WIDTHS[kind])
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, rtol=1e-6, atol=1e-7)


def test_every_kind_has_its_width() -> None:
    durations = np.array([[2, 1, 3], [1, 1, 1]])
    assert {kind: subphone_features(durations, kind).shape for kind in get_args(SubphoneKind)} == {
        kind: (9, width) for kind, width in WIDTHS.items()
    }
