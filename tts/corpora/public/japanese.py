"""Japanese: JSUT with its public labels, JVS; and Hi-Fi-CAPTAIN, in Japanese and English.

Sources: Sonobe, Takamichi and Saruwatari, arXiv:1711.00354 (JSUT: ten hours, one speaker); Takamichi et al., arXiv:1908.06248
(JVS: 100 speakers, 30 hours, 24 kHz); ESPnet egs2/jsut and egs2/jvs (addresses, layout, rates); github.com/r9y9/jsut-lab
(labels) and github.com/sarulab-speech/jsut-label (readings, labels); the corpora's pages at
sites.google.com/site/shinnosuketakamichi (terms); Matcha-TTS's script for Hi-Fi-CAPTAIN (addresses, layout,
48 kHz, CC BY-NC-SA 4.0).
"""

from __future__ import annotations

from tts.corpora.public.entry import Archive, Licence, PublicCorpus

_TAKAMICHI = "https://sites.google.com/site/shinnosuketakamichi"
_NICT = "https://ast-astrec.nict.go.jp/release/hi-fi-captain"
_RESEARCH = "academic research, non-commercial research and personal use; ask its authors for any other"

CORPORA = (
    PublicCorpus(
        name="jsut",
        title="JSUT 1.1, with full-context labels",
        languages=("ja",),
        speakers=1,
        hours=10,
        rate=48_000,
        licence=Licence(
            spdx="LicenseRef-JSUT",
            commercial="no",
            why=f"{_RESEARCH}; its texts are CC BY-SA 4.0",
            url=f"{_TAKAMICHI}/publication/jsut",
        ),
        citation="R. Sonobe, S. Takamichi and H. Saruwatari, JSUT corpus, arXiv:1711.00354, 2017",
        reference="Sonobe et al. 2017",
        home=f"{_TAKAMICHI}/publication/jsut",
        read_by="own",
        format="jsut",
        archives=(
            Archive(
                url="http://ss-takashi.sakura.ne.jp/corpus/jsut_ver1.1.zip",
                part="audio",
                recipe_part="",
                language="ja",
                strip="jsut_ver1.1",
            ),
            Archive(
                url="https://github.com/r9y9/jsut-lab/archive/v0.1.1.zip",
                name="jsut-lab-0.1.1.zip",
                part="labels",
                recipe_part="",
                language="ja",
                folder="jsut-lab",
                strip="jsut-lab-*",
            ),
            Archive(
                url="https://github.com/sarulab-speech/jsut-label/archive/v0.0.2.zip",
                name="jsut-label-0.0.2.zip",
                part="readings",
                recipe_part="",
                language="ja",
                folder="jsut-label",
                strip="jsut-label-*",
            ),
        ),
        sources=("arXiv:1711.00354", "ESPnet egs2/jsut/tts1/local/data.sh", "github.com/r9y9/jsut-lab"),
    ),
    PublicCorpus(
        name="jvs",
        title="JVS, Japanese versatile speech",
        languages=("ja",),
        speakers=100,
        hours=30,
        rate=24_000,
        licence=Licence(
            spdx="LicenseRef-JVS",
            commercial="no",
            why=f"{_RESEARCH}; its tags are CC BY-SA 4.0",
            url=f"{_TAKAMICHI}/research-topics/jvs_corpus",
        ),
        citation="S. Takamichi et al., JVS corpus: free Japanese multi-speaker voice corpus, arXiv:1908.06248, 2019",
        reference="Takamichi et al. 2019",
        home=f"{_TAKAMICHI}/research-topics/jvs_corpus",
        read_by="own",
        format="jvs",
        archives=(Archive(url="", name="jvs_ver1.zip", size=3_540_000_000, language="ja", strip="jvs_ver1"),),
        sources=("arXiv:1908.06248", "ESPnet egs2/jvs"),
        by_hand="it lies on Google Drive, which gives large files to browsers only (its home page has the address)",
    ),
    PublicCorpus(
        name="hifi_captain",
        title="Hi-Fi-CAPTAIN, parallel and conversational sentences",
        languages=("ja", "en"),
        speakers=4,
        hours=None,
        rate=48_000,
        licence=Licence(spdx="CC-BY-NC-SA-4.0", commercial="no", why="non-commercial use only", url=f"{_NICT}/"),
        citation="T. Okamoto, Y. Shiga and H. Kawai, Hi-Fi-CAPTAIN: High-fidelity and high-capacity conversational speech "
        "synthesis corpus developed by NICT, 2023",
        reference="Okamoto et al. 2023",
        home=f"{_NICT}/",
        read_by="own",
        format="hifi-captain",
        archives=tuple(
            Archive(
                url=f"{_NICT}/hfc_{tag}_{letter}.zip",
                speaker=f"{tag}-{word}",
                recipe_part=tag,
                language=tag[:2],
                strip="hi-fi-captain",
            )
            for tag in ("ja-JP", "en-US")
            for letter, word in (("F", "female"), ("M", "male"))
        ),
        sources=("Matcha-TTS, its script that fetches Hi-Fi-CAPTAIN",),
    ),
)
