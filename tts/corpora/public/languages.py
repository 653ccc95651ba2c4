"""English names of the catalogue's languages (BCP 47 tags, as the IANA registry of language subtags calls them)."""

from __future__ import annotations

NAMES = {
    "bn": "Bengali",
    "ca": "Catalan",
    "cs": "Czech",
    "cy": "Welsh",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "eo": "Esperanto",
    "es": "Spanish",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "gl": "Galician",
    "gu": "Gujarati",
    "hi": "Hindi",
    "hu": "Hungarian",
    "it": "Italian",
    "ja": "Japanese",
    "jv": "Javanese",
    "km": "Khmer",
    "kn": "Kannada",
    "ml": "Malayalam",
    "mr": "Marathi",
    "my": "Burmese",
    "ne": "Nepali",
    "nl": "Dutch",
    "pa": "Punjabi",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "rw": "Kinyarwanda",
    "su": "Sundanese",
    "ta": "Tamil",
    "te": "Telugu",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh": "Chinese",
}


def language_name(tag: str) -> str:
    """Return the English name of a language, or the tag itself where it is not one of the catalogue's."""
    return NAMES.get(tag, tag)


def language_tag(text: str) -> str:
    """Return the primary tag that a name or a tag with or without a region stands for; what is not known as it is."""
    wanted = text.strip().lower().replace("_", "-")
    names = {name.lower(): tag for tag, name in NAMES.items()} | {"mandarin": "zh", "cmn": "zh", "flemish": "nl"}
    return names.get(wanted, wanted.partition("-")[0])
