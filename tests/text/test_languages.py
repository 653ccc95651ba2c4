"""Which languages are read, by what; the engines for Japanese and for languages without an engine."""

import importlib.metadata
import json
import re
import sqlite3
import sys
import tomllib
import unicodedata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tts.core.errors import UsageError
from tts.text.engine import PronunciationError, make_engine
from tts.text.gruut_data import DATA
from tts.text.kana import MORAE, morae
from tts.text.languages import language_support, supported_languages
from tts.text.letters_engine import CYRILLIC, GREEK, LATIN, letter_phones
from tts.text.phones import PhoneInventory, attributes, canonical

ROOT = Path(__file__).parents[2]


def syllables(engine: str, language: str, text: str) -> list[str]:
    sentence = make_engine(engine, language).sentence(text)
    return [".".join(("ˈ" if s.stress == 1 else "") + "".join(s.phones) for s in word.syllables) for word in sentence.words]


@pytest.mark.parametrize("code", sorted(DATA))
def test_every_phone_of_a_lexicon_has_features(code):
    """Through what the engine makes of it; the size that is told is the lexicon's."""
    package = pytest.importorskip(f"gruut_lang_{code}")
    data = DATA[code]
    path = Path(package.__file__).parent / data.model / "lexicon.db"
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(DISTINCT word) FROM word_phonemes").fetchone()[0] == data.words
        rows = connection.execute("SELECT word, phonemes FROM word_phonemes WHERE id % 97 = 0").fetchall()
    assert len(rows) > 100
    symbols = set()
    for word, phones in rows:
        symbols |= {phone.lstrip("ˈˌ") for phone in data.cleaned(phones.split(), word)}
    assert symbols and all(canonical(symbol) == symbol and attributes(symbol) for symbol in symbols)
    features = PhoneInventory(tuple(symbols)).matrix
    assert features.any(axis=1).all()  # no phone without an attribute


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "Die Straße heißt deutsch", ["ˈdiː", "ˈʃtʁaː.sə", "ˈhaɪst", "ˈdɔʏt͡ʃ"]),
        ("de", "Pflanze Zeitung Lehrer", ["ˈp͡flan.t͡sə", "ˈt͡saɪ.tʊŋ", "ˈleː.ʁɐ"]),
        ("es", "niño comió árbol", ["ˈni.ɲo", "ko.ˈmjo", "ˈaɾ.βol"]),
        ("fr", "boulangerie", ["bu.lɑ̃ʒ.ˈʁi"]),
        ("cs", "dobrý den", ["ˈdo.briː", "dɛn"]),
        ("pt", "coração você casa falar", ["ko.ɾɐ.ˈsɐ̃w̃", "vo.ˈse", "ˈkɐ.zɐ", "fɐ.ˈlɐɹ"]),
        ("ru", "столица", ["stɐ.ˈɫi.t͡sa"]),
        ("sw", "habari", ["hɑ.ˈɓɑ.ɾi"]),
        ("it", "felice perché", ["fe.ˈli.t͡ʃe", "per.ˈke"]),
    ],
)
def test_words_have_their_phones_and_stress(language, text, expected):
    pytest.importorskip(f"gruut_lang_{language}")
    assert syllables("gruut", language, text) == expected


def test_the_command_that_brings_a_language_is_right(monkeypatch):
    """Every data package that a message may ask for is one of an extra of its language, and the message names it."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    real = importlib.metadata.version

    def version(name):
        if name.startswith(("gruut_lang_", "pyopenjtalk", "anyascii")):
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    for module in ("tts.text.gruut_engine", "tts.text.languages", "tts.text.openjtalk_engine"):
        __import__(module)
        monkeypatch.setattr(sys.modules[module], "version", version)
    for code in DATA:
        with pytest.raises(UsageError, match=rf"pip install gruut_lang_{code}, or"):
            make_engine("gruut", code)
        assert code == "en" or any(req.startswith(f"gruut_lang_{code}>=") for req in extras[code])
    with pytest.raises(UsageError, match="pip install pyopenjtalk-plus"):
        make_engine("openjtalk", "ja")
    assert extras["ja"][0].startswith("pyopenjtalk-plus") and extras["letters"][0].startswith("anyascii")
    missing = {entry.tag: entry.install for entry in supported_languages() if entry.engine in ("gruut", "openjtalk")}
    assert missing["nl"] == "pip install gruut_lang_nl" and missing["ja"] == "pip install pyopenjtalk-plus"


def test_the_verb_lists_and_tells_one_in_full():
    from tts.cli.main import app

    run = CliRunner().invoke
    table = run(app, ["languages"]).output
    for wanted in ("Dutch", "nathalie", "279,654", "openjtalk", "letters", "lexicon"):
        assert wanted in table
    assert "corpus.language: nl" in run(app, ["languages", "nl"]).output
    entries = json.loads(run(app, ["languages", "--json"]).output)
    assert {entry["tag"] for entry in entries} >= {"en-us", "de-de", "ja", "any"}
    assert all(entry["installed"] == (entry["install"] == "") for entry in entries)
    dutch = next(entry for entry in entries if entry["tag"] == "nl" and entry["engine"] == "gruut")
    assert {"dutch", "flemishguy", "nathalie"} <= set(dutch["recipes"])


def test_a_language_that_nothing_pronounces_names_what_remains():
    with pytest.raises(UsageError, match=r"letters.*lexicon"):
        language_support("tlh-none", supported_languages())
    assert language_support("German", supported_languages())[0].engine == "gruut"


def test_tables_of_letters_are_phones_and_tell_letters_apart():
    for table in (LATIN, CYRILLIC, GREEK):
        for letter, phones in table.items():
            assert unicodedata.normalize("NFC", letter) == letter and len(letter) == 1
            assert all(phone == "ʲ" or (canonical(phone) == phone and attributes(phone)) for phone in phones)
    german = {letter: letter_phones(letter) for letter in "abcdefghijklmnopqrstuvwxyzäöüß"}
    assert len(set(german.values())) == len(german)
    russian = {letter: letter_phones(letter) for letter in "абвгдежзийклмнопрстуфхцчшщъыьэюя"}
    assert len(set(russian.values())) == len(russian)
    assert letter_phones("ę") == ("ẽ",) and letter_phones("ō") == ("oː",) and letter_phones("%") == ()


def test_letters_alone_read_any_script():
    assert syllables("letters", "nl", "het huis, ja!") == ["het", "hu.is", "ja"]
    assert syllables("letters", "nl", "een boommm") == ["eːn", "boːmːm"]
    assert syllables("letters", "ru", "Съезд день") == ["sʔjezd", "djenʲ"]
    pytest.importorskip("anyascii")
    assert syllables("letters", "hi", "हिन्दी") == ["hin.di"]
    assert syllables("letters", "ka", "ქართული") == ["kar.tu.li"]
    assert syllables("letters", "he", "עולם")[0].startswith("ʔ")
    with pytest.raises(PronunciationError, match=r"'#' has no letters"):
        make_engine("letters", "xx", unreadable="fail").sentence("een # twee")


def test_a_lexicon_alone_refuses_other_words():
    engine = make_engine("lexicon", "xx", {"hlo": ("x", "ˈo"), "vrld": ("v", "r̩", "l", "d"), "hi": "hlo vrld"}, "fail")
    assert engine.sentence("Hlo, vrld!").phones == ("sil", "x", "o", "pau", "v", "r̩", "l", "d", "sil")
    assert len(engine.sentence("hi").words) == 2
    hindi = make_engine("lexicon", "hi", {"हिन्दी": ("ɦ", "ɪ", "n", "d", "iː"), "भाषा": ("bʱ", "aː", "ʂ", "aː")})
    assert [word.text for word in hindi.sentence("हिन्दी भाषा।").words] == ["हिन्दी", "भाषा"]
    with pytest.raises(PronunciationError, match="'mars' is not in the lexicon"):
        engine.sentence("Hlo, mars!")
    with pytest.raises(UsageError, match=r"text\.lexicon"):
        make_engine("lexicon", "xx")


def test_kana_have_phones():
    assert all(canonical(phone) == phone and attributes(phone) for phones in MORAE.values() for phone in phones)
    assert ["".join(m) for m in morae("ガッコー")] == ["ɡa", "ʔ", "ko", "o"]
    assert ["".join(m) for m in morae("シュッチョー")] == ["ɕɯ", "ʔ", "t͡ɕo", "o"]
    assert ["".join(m) for m in morae("ティーシャツ")] == ["ti", "i", "ɕa", "t͡sɯ"]
    assert morae("みず") == morae("ミズ") and morae("デス’")[-1] == ("s", "ɯ\u0325")


# Open JTalk's own names of phones, as its full-context labels have them.
_NAMES = """sh:ɕ ch:t͡ɕ ts:t͡s j:d͡ʑ f:ɸ r:ɾ y:j u:ɯ N:ɴ cl:ʔ g:ɡ I:i̥ U:ɯ̥ ny:ɲ hy:ç ky:kʲ gy:ɡʲ by:bʲ py:pʲ my:mʲ
ry:ɾʲ"""
OPEN_JTALK = dict(pair.split(":") for pair in _NAMES.split())
PALATAL_BEFORE_I = {"k": "kʲ", "ɡ": "ɡʲ", "b": "bʲ", "p": "pʲ", "m": "mʲ", "ɾ": "ɾʲ", "n": "ɲ", "h": "ç"}
JAPANESE = [  # text, and its reading in kana
    ("水をマレーシアから買わなくてはならないのです。", "ミズヲマレーシアカラカワナクテワナラナイノデス"),
    (
        "木曜日、停戦会談は、何の進展もないまま終了しました。",
        "モクヨービ、テーセンカイダンワ、ナンノシンテンモナイママシューリョーシマシタ",
    ),
    ("学校で写真を撮った。", "ガッコーデシャシンヲトッタ"),
    ("来年の三月に東京へ行きます。", "ライネンノサンガツニトーキョーエイキマス"),
    ("ティーシャツを三枚買った。", "ティーシャツヲサンマイカッタ"),
    ("昨日は雪が降っていました。", "キノーワユキガフッテイマシタ"),
]


@pytest.mark.parametrize(("text", "kana"), JAPANESE)
def test_japanese_phones_are_those_of_its_readings_and_of_the_labels(text, kana):
    pyopenjtalk = pytest.importorskip("pyopenjtalk")
    spoken = [p for p in make_engine("openjtalk", "ja").sentence(text).phones if p not in ("sil", "pau")]
    voiced = [{"i̥": "i", "ɯ̥": "ɯ"}.get(phone, phone) for phone in spoken]
    assert voiced == [phone for part in kana.split("、") for mora in morae(part) for phone in mora]
    labels = [re.search(r"-(.+?)\+", label)[1] for label in pyopenjtalk.extract_fullcontext(text)]
    own = [OPEN_JTALK.get(name, name) for name in labels if name not in ("sil", "pau")]
    palatal = [
        PALATAL_BEFORE_I.get(phone, phone) if following in ("i", "i̥") else phone
        for phone, following in zip(own, [*own[1:], ""], strict=True)
    ]
    assert spoken == palatal


def _kana(engine, text):
    return "".join("".join(s.phones) for word in engine.sentence(text).words for s in word.syllables)


def test_japanese_breaks_accents_and_numbers():
    pytest.importorskip("pyopenjtalk")
    engine = make_engine("openjtalk", "ja")
    sentence = engine.sentence("はい、5月3日は1,250円ですか？")
    assert sentence.kind == "question" and sentence.words[0].break_after == "minor"
    assert "".join("".join(s.phones) for w in sentence.words for s in w.syllables).startswith("haiɡoɡat͡sɯmʲiʔka")
    assert _kana(engine, "3:30に") == _kana(engine, "サンジサンジュップンニ")
    assert _kana(engine, "$10") == _kana(engine, "ジュードル") and _kana(engine, "1/2") == _kana(engine, "ニブンノイチ")
    assert "kaɾa" in _kana(engine, "10〜20人") and _kana(engine, "すごい〜！") == "sɯɡoii"
    assert all(word.syllables for word in engine.sentence("あー、ー。えーと").words)
    accents = [[s.stress for s in w.syllables] for w in engine.sentence("箸。橋。端。").words]
    assert accents == [[1, 0], [0, 1], [0, 0]]
    with pytest.raises(UsageError, match="reads Japanese"):
        make_engine("openjtalk", "en")


def test_espeak_takes_the_voice_that_is_meant_for_a_tag():
    pytest.importorskip("espeakng_loader")
    from tts.text.espeak_engine import voice_names

    names = voice_names()
    assert (
        names["fr"] == "French (France)" and names["en"] == "English (Great Britain)" and names["en-us"] == "English (America)"
    )
