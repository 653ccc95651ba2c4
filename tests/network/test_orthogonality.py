"""Overlaps against closed forms."""

import torch

from tts.network.orthogonality import activation_overlap, overlap


def test_overlap_is_one_for_a_line_and_zero_for_orthogonal_rows() -> None:
    a = torch.tensor([[1.0, 0.0, 0.0]])
    assert overlap(a, -3 * a) == 1.0
    assert overlap(a, torch.tensor([[0.0, 2.0, 0.0], [0.0, 0.0, 1.0]])) == 0.0
    torch.testing.assert_close(overlap(torch.eye(4), torch.eye(4)), torch.tensor(0.25))


def test_activation_overlap_is_the_squared_correlation_of_two_units_and_ignores_padding() -> None:
    torch.manual_seed(0)
    a, b = torch.randn(200, 1) + 5.0, torch.randn(200, 1)
    b = b + a
    expected = torch.corrcoef(torch.cat([a, b], dim=1).T)[0, 1].square()
    torch.testing.assert_close(activation_overlap(a, b), expected)
    mask = torch.arange(220).view(2, 110) < 200
    padded = [torch.cat([h, torch.full((20, 1), 99.0)]).view(2, 110, 1) for h in (a, b)]
    torch.testing.assert_close(activation_overlap(*padded, mask), expected)
