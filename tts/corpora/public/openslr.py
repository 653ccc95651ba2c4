"""Google's crowdsourced multi-speaker sets of OpenSLR, resources 41 to 44, 61, 63 to 66, 69 to 80 and 83.

Sources: the listing of each resource at openslr.org (files, CC BY-SA 4.0), as mirrored by Google's public datasets pipeline
(``openslr`` DAG, addresses); the ``openslr`` loader of Hugging Face datasets (layout: 41 to 44 have a folder with
line_index.tsv and wavs, the others their files at the top); He et al. 2020 and Guevara-Rukoz et al. 2020 (48 kHz); sizes of
41 from a Javanese mirror and of 83 as the server announced them (Keras's example of accent recognition).
"""

from __future__ import annotations

from dataclasses import replace

from tts.corpora.public.entry import CC_BY_SA, Archive, PublicCorpus

_SETS = {  # resource: language, archives
    41: ("jv", ("jv_id_female", "jv_id_male")),
    42: ("km", ("km_kh_male",)),
    43: ("ne", ("ne_np_female",)),
    44: ("su", ("su_id_female", "su_id_male")),
    61: ("es", ("es_ar_female", "es_ar_male")),
    63: ("ml", ("ml_in_female", "ml_in_male")),
    64: ("mr", ("mr_in_female",)),
    65: ("ta", ("ta_in_female", "ta_in_male")),
    66: ("te", ("te_in_female", "te_in_male")),
    69: ("ca", ("ca_es_female", "ca_es_male")),
    70: ("en", ("en_ng_female", "en_ng_male")),
    71: ("es", ("es_cl_female", "es_cl_male")),
    72: ("es", ("es_co_female", "es_co_male")),
    73: ("es", ("es_pe_female", "es_pe_male")),
    74: ("es", ("es_pr_female",)),
    75: ("es", ("es_ve_female", "es_ve_male")),
    76: ("eu", ("eu_es_female", "eu_es_male")),
    77: ("gl", ("gl_es_female", "gl_es_male")),
    78: ("gu", ("gu_in_female", "gu_in_male")),
    79: ("kn", ("kn_in_female", "kn_in_male")),
    80: ("my", ("my_mm_female",)),
}

_BRITISH = {  # resource 83: archive, size
    "irish_english_male": 164_531_638,
    "midlands_english_female": 103_085_118,
    "midlands_english_male": 166_833_961,
    "northern_english_female": 314_983_063,
    "northern_english_male": 817_772_034,
    "scottish_english_female": 351_443_880,
    "scottish_english_male": 620_254_118,
    "southern_english_female": 1_636_701_939,
    "southern_english_male": 1_700_955_740,
    "welsh_english_female": 595_683_538,
    "welsh_english_male": 757_645_790,
}

_SIZES = {"jv_id_female": 967_000_000, "jv_id_male": 923_000_000}


def _address(resource: int, name: str) -> str:
    return f"https://www.openslr.org/resources/{resource}/{name}"


def _archives(resource: int, language: str, part: str) -> tuple[Archive, ...]:
    """Return a set's archive, and from resource 61 on its list of lines beside it (``line_index_female.tsv``).

    Women and men of a set lie in one folder: ``es_ar/es_ar_female`` and ``es_ar/es_ar_male``.
    """
    group = part.rpartition("_")[0]
    folder = f"{group}/{part}"
    packed = Archive(
        url=_address(resource, f"{part}.zip"),
        size=_SIZES.get(part),
        part=part,
        language=language,
        folder=folder,
        strip=part,
        recipe_part=group,
    )
    if resource < 61:
        return (packed,)
    index = "line_index.tsv" if resource == 64 else f"line_index_{part.rpartition('_')[2]}.tsv"
    lines = replace(packed, url=_address(resource, index), name=f"{part}_line_index.tsv", size=None, strip="")
    return (packed, lines)


CORPORA = (
    PublicCorpus(
        name="openslr_crowdsourced",
        title="Google's crowdsourced speech of OpenSLR",
        languages=tuple(dict.fromkeys(language for language, _ in _SETS.values())),
        speakers=None,
        hours=None,
        rate=48_000,
        licence=CC_BY_SA,
        citation="F. He et al., Open-source Multi-speaker Speech Corpora for Building Gujarati, Kannada, Malayalam, Marathi, "
        "Tamil and Telugu Speech Synthesis Systems, LREC 2020; and the papers that each resource's page names",
        reference="He et al. 2020",
        home="https://www.openslr.org/resources.php",
        read_by="own",
        format="openslr-crowdsourced",
        archives=(
            *(
                archive
                for resource, (language, parts) in _SETS.items()
                for part in parts
                for archive in _archives(resource, language, part)
            ),
            *(
                Archive(
                    url=_address(83, f"{part}.zip"),
                    size=size,
                    part=part,
                    language="en",
                    folder=f"en_gb/{part}",
                    strip=part,
                    recipe_part="en_gb",
                )
                for part, size in _BRITISH.items()
            ),
            Archive(
                url=_address(83, "line_index_all.csv"),
                size=1_986_139,
                part="british_lines",
                language="en",
                folder="en_gb",
                recipe_part="en_gb",
                goes_with="*_english_*",
            ),
        ),
        sources=("openslr.org/41 to /83", "Hugging Face datasets, openslr.py", "Keras examples, accent recognition"),
        notes=("Resource 83 (British and Irish English) has its lines in one file for all its parts, line_index_all.csv.",),
    ),
)
