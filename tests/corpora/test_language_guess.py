"""The language of texts, against texts whose language is known."""

import pytest
from speech import TEXTS

from tts.corpora.draft.language import guess_language

# Beginnings of the Universal Declaration of Human Rights, article 1, as the United Nations publish it.
ARTICLES = {
    "en": "All human beings are born free and equal in dignity and rights.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti.",
    "sv": "Alla människor är födda fria och lika i värde och rättigheter.",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    "cs": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv.",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
}


@pytest.mark.parametrize("code", ARTICLES)
def test_one_sentence_is_told(code: str) -> None:
    guess = guess_language([ARTICLES[code]] * 2)
    assert guess is not None
    assert (guess.code, guess.groups, guess.of) == (code, 1, 1)


def test_groups_that_do_not_agree_are_counted() -> None:
    guess = guess_language([*TEXTS.values()] * 2 + [ARTICLES["nl"]] * 8)
    assert guess is not None
    assert (guess.code, guess.groups, guess.of, guess.second) == ("en", 4, 5, "nl")


def test_too_little_text_is_not_guessed_at() -> None:
    assert guess_language(["Yes.", "No.", "1234567890" * 20]) is None
    assert guess_language([]) is None
