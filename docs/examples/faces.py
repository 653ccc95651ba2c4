"""Faces as numbers: 40 measurements of a picture, the landmarks in it, and attributes that come of the same causes."""

import numpy as np

DIRECTIONS = np.array(["far left", "left", "front", "right", "far right"], dtype=object)
LEVELS = np.array(["up", "level", "down"], dtype=object)


def make_faces(count: int, seed: int, *, jitter: float = 3.0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return measurements (count, 40) and labels by name.

    ``landmarks`` (count, 10) are x and y in pixels of both eyes, the nose and both corners of the mouth. A face turned aside
    moves them all sideways, the nose most; a nod moves them up or down; a smile widens the mouth and lifts its corners. A
    hurried annotator misplaced each by ``jitter`` pixels; 0 gives the truth. ``smile`` and ``glasses`` are 0 or 1, ``turn`` is
    one of five directions and ``nod`` one of three levels: easy to see, so without mistakes. Where things are does
    not depend on glasses. Of these four causes the measurements show mixtures, covered by what ten others (light, background)
    do to a picture.
    """
    rules, g = np.random.default_rng(0), np.random.default_rng(1000 + seed)
    mixing, scene = rules.normal(size=(4, 40)) / 2.0, rules.normal(size=(10, 40))
    causes = g.normal(size=(count, 4))
    smile, glasses, turn, nod = causes.T
    measured = np.tanh(causes @ mixing) + g.normal(size=(count, 10)) @ scene + 0.2 * g.normal(size=(count, 40))
    usual = np.array([30, 40, 70, 40, 50, 60, 35, 80, 65, 80], dtype=float)
    sideways = turn[:, None] * np.array([3, 0, 3, 0, 5, 0, 3, 0, 3, 0])
    vertical = nod[:, None] * np.array([0, 3, 0, 3, 0, 4, 0, 3, 0, 3])
    mouth = smile[:, None] * np.array([0, 0, 0, 0, 0, 0, -2, -2, 2, -2])
    labels = {
        "landmarks": usual + sideways + vertical + mouth + jitter * g.normal(size=(count, 10)),
        "smile": (smile > 0.0).astype(float),
        "glasses": (glasses > 0.0).astype(float),
        "turn": DIRECTIONS[np.digitize(turn, [-1.2, -0.4, 0.4, 1.2])],
        "nod": LEVELS[np.digitize(nod, [-0.5, 0.5])],
    }
    return measured, labels
