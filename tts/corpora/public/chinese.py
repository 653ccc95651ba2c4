"""Mandarin: AISHELL-3 and Baker (BZNSYP, also CSMSC).

Sources: lhotse 1.33, recipes ``aishell3`` (address, speakers, hours, layout) and ``baker_zh`` (address, hours, layout);
openslr.org/93 (Apache 2.0; 19 GB); the recipes of ESPnet and PaddleSpeech for CSMSC (48 kHz; for non-commercial use).
"""

from __future__ import annotations

from tts.corpora.public.entry import Archive, Licence, PublicCorpus

CORPORA = (
    PublicCorpus(
        name="aishell3",
        title="AISHELL-3",
        languages=("zh",),
        speakers=218,
        hours=85,
        rate=44_100,
        licence=Licence(spdx="Apache-2.0", commercial="yes"),
        citation="Y. Shi et al., AISHELL-3: A Multi-Speaker Mandarin TTS Corpus, Interspeech 2021",
        reference="Shi et al. 2021",
        home="https://www.openslr.org/93/",
        read_by="lhotse",
        format="aishell3",
        archives=(
            Archive(
                url="https://www.openslr.org/resources/93/data_aishell3.tgz",
                size=19_000_000_000,
                language="zh",
                mirrors=("https://openslr.trmal.net/resources/93/data_aishell3.tgz",),
            ),
        ),
        sources=("lhotse 1.33 recipes/aishell3.py", "openslr.org/93"),
    ),
    PublicCorpus(
        name="baker",
        title="Baker, Chinese Standard Mandarin Speech (BZNSYP, CSMSC)",
        languages=("zh",),
        speakers=1,
        hours=12,
        rate=48_000,
        licence=Licence(
            spdx="LicenseRef-Databaker",
            commercial="no",
            why="non-commercial use only",
            url="https://en.data-baker.com/datasets/freeDatasets/",
        ),
        citation="Databaker, Chinese Standard Mandarin Speech Corpus, 2017, https://en.data-baker.com/datasets/freeDatasets/",
        reference="Databaker 2017",
        home="https://en.data-baker.com/datasets/freeDatasets/",
        read_by="lhotse",
        format="baker",
        archives=(
            Archive(url="https://huggingface.co/openspeech/BZNSYP/resolve/main/BZNSYP.tar.bz2", language="zh", strip="BZNSYP"),
        ),
        sources=("lhotse 1.33 recipes/baker_zh.py", "ESPnet egs2/csmsc"),
    ),
)
