"""Compare our full-context labels with Festival's for the same texts, and hear both spoken by hts_engine.

    python tools/measure_labels.py METADATA [--sentences 200] [--spoken 60] [--out FOLDER]

METADATA has id|text lines of English. Needs apt-get install festival festvox-us-slt-hts htsengine, and for word error rates
pip install 'stacked-tts[wer]'. Labels without times go to hts_engine, which takes durations from its own model. Phones are
matched by difflib; a field is equal where both labels have the same text in it.
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from tts.core.audio import read_audio
from tts.evaluation.recogniser import normalise, transcribe, word_errors
from tts.text.engine import make_engine
from tts.text.full_context import full_context_labels

VOICE = "/usr/share/festival/voices/us/cmu_us_slt_arctic_hts/hts/cmu_us_slt_arctic_hts.htsvoice"
STEPS = "Initialize Text Token_POS Token POS Phrasify Word Pauses Intonation PostLex Duration Int_Targets".split()  # noqa: SIM905
SECTION = re.compile(r"(?<=/)[A-J]:")


def main() -> None:
    """Print the shares of equal fields by section, and word error rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("metadata", type=Path)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--spoken", type=int, default=60)
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    rows = [line.split("|")[:2] for line in given.metadata.read_text(encoding="utf-8").splitlines()]
    texts = {row[0]: row[1] for row in rows[: given.sentences]}
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        festival = festival_labels(texts, folder)
        engine = make_engine("gruut", "en-us")
        ours = {key: full_context_labels(engine.sentence(text), end_silence="pau") for key, text in texts.items()}
        compare(ours, festival)
        spoken = list(texts)[: given.spoken]
        for name, labels in (("ours", ours), ("festival", festival)):
            errors = words = 0
            for key in spoken:
                wrong, count = word_errors(normalise(texts[key]), hear(labels[key], folder / f"{key}-{name}"))
                errors, words = errors + wrong, words + count
            print(f"word errors of hts_engine with labels of {name}: {100 * errors / words:.1f} % of {words}")


def festival_labels(texts: Mapping[str, str], folder: Path) -> dict[str, list[str]]:
    """Return Festival's labels of every text, without times."""
    lines = ["(require 'hts) (voice_cmu_us_slt_arctic_hts)"]
    for key, text in texts.items():
        quoted = text.replace("\\", "").replace('"', '\\"')
        steps = " ".join(f"({step} u)" for step in STEPS)
        lines.append(f'(let ((u (Utterance Text "{quoted}"))) {steps} (hts_dump_feats u nil "{folder / key}.fest"))')
    script = folder / "dump.scm"
    script.write_text("\n".join(lines), encoding="utf-8")
    subprocess.run(["festival", "-b", str(script)], check=True)
    return {
        key: [line.split()[2] for line in (folder / f"{key}.fest").read_text(encoding="utf-8").splitlines()] for key in texts
    }


def fields(label: str) -> dict[str, list[str]]:
    """Return the fields of a label by section, ``p`` being the five phones and the place in the syllable."""
    parts = SECTION.split(label)
    return {name: re.findall(r"[^^_\-+=@&#$!;|/]+%?", part) for name, part in zip("pABCDEFGHIJ", parts, strict=True)}


def compare(ours: Mapping[str, list[str]], theirs: Mapping[str, list[str]]) -> None:
    """Print how many fields are equal: of all phones that match, and in sentences whose phones and pauses are all the same."""
    equal: dict[tuple[str, bool], int] = defaultdict(int)
    total: dict[tuple[str, bool], int] = defaultdict(int)
    same = matched = phones = 0
    for key in ours:
        a, b = ([centre(label) for label in labels] for labels in (ours[key], theirs[key]))
        same += a == b
        phones += len(b)
        for block in difflib.SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks():
            matched += block.size
            for place in range(block.size):
                left, right = fields(ours[key][block.a + place]), fields(theirs[key][block.b + place])
                for section in left:
                    pairs = list(zip(left[section], right[section], strict=False))
                    for whole in (False, True) if a == b else (False,):
                        equal[section, whole] += sum(x == y for x, y in pairs)
                        total[section, whole] += len(pairs)
    print(
        f"{len(ours)} sentences, {matched} of {phones} phones matched; in {same} sentences all phones and pauses are the same"
    )
    for section in "pABCDEFGHIJ":
        shares = [100 * equal[section, whole] / max(total[section, whole], 1) for whole in (False, True)]
        print(f"  {section}: {shares[0]:5.1f} % equal, {shares[1]:5.1f} % where the phones are the same")


def centre(label: str) -> str:
    """Return the phone of a label."""
    return label.partition("-")[2].partition("+")[0]


def hear(labels: list[str], path: Path) -> list[str]:
    """Speak labels with hts_engine and return the words that the recogniser finds."""
    path.with_suffix(".lab").write_text("\n".join(labels) + "\n", encoding="utf-8")
    wav = path.with_suffix(".wav")
    subprocess.run(["hts_engine", "-m", VOICE, "-ow", str(wav), str(path.with_suffix(".lab"))], check=True)
    return transcribe(read_audio(wav, 16000)[0], 16000)


if __name__ == "__main__":
    main()
