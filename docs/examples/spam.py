"""Mail of several users as bags of hashed words, and which of it each calls spam."""

import zlib

import numpy as np

BUCKETS = 128


def bag(words: list[str]) -> np.ndarray:
    """Return how often words fall into each of 128 buckets, chosen by a hash: (128,)."""
    return np.bincount([zlib.crc32(word.encode()) % BUCKETS for word in words], minlength=BUCKETS).astype(float)


def make_mail(users: int, each: int, seed: int, *, world: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return bags (users * each, 128), the user of every mail, whether it is spam to that user (0 or 1), and its language.

    A mail has 10 of 60 words, common ones more often. What a user dislikes is the sum of what all dislike, what their half
    dislikes (the two halves have opposite tastes: what is news to one is junk to the other) and a little of their own; the
    border is where half of the mail is spam, and one mail in twenty is labelled wrongly. Words of a second language are
    mixed in without bearing on spam. ``world`` fixes words and tastes, ``seed`` the mails.
    """
    rules, g = np.random.default_rng(world), np.random.default_rng(1000 + seed)
    words = np.array([f"word{n}" for n in range(60)])
    common = 1.0 / (1.0 + np.arange(60.0)) ** 0.5
    everyone, halves, own = rules.normal(size=60), rules.normal(size=60), 0.3 * rules.normal(size=(users, 60))
    taste = everyone + np.where(np.arange(users) % 2 == 0, 1.0, -1.0)[:, None] * halves + own
    foreign = rules.permutation(60)[:12]
    bags, spam, language = [], [], []
    user = np.repeat(np.arange(users), each)
    for who in user:
        abroad = g.random() < 0.5
        rate = common.copy()
        rate[foreign] *= 3.0 if abroad else 0.3
        drawn = g.choice(60, 10, p=rate / rate.sum())
        bags.append(bag(list(words[drawn])))
        spam.append(taste[who, drawn].sum())
        language.append(abroad)
    level = np.array(spam)
    border = np.array([np.median(level[user == who]) for who in range(users)])[user]
    wrong = g.random(len(level)) < 0.05
    return np.array(bags), user, ((level > border) ^ wrong).astype(float), np.array(language, dtype=float)
