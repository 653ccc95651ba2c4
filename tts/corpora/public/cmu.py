"""CMU's corpora of prompts in Festvox layout: ARCTIC, Indic, and Texas A&M's L2-ARCTIC, which reads ARCTIC's prompts.

Sources: recipes ``cmu_arctic``, ``cmu_indic`` and ``l2_arctic`` of lhotse 1.33 (addresses, speakers, layout); torchaudio 2.11,
``datasets/cmuarctic.py`` (sha256 of ARCTIC's archives); Kominek and Black, "CMU ARCTIC databases for speech synthesis",
CMU-LTI-03-177, 2003 (terms: free, without restriction on commercial use; 16 kHz); festvox.org/cmu_arctic and
festvox.org/cmu_indic; psi.engr.tamu.edu/l2-arctic-corpus (terms, hours, 44.1 kHz).
"""

from __future__ import annotations

from tts.corpora.public.entry import Archive, Licence, PublicCorpus

_ARCTIC_SHA256 = {
    "aew": "645cb33c0f0b2ce41384fdd8d3db2c3f5fc15c1e688baeb74d2e08cab18ab406",
    "ahw": "024664adeb892809d646a3efd043625b46b5bfa3e6189b3500b2d0d59dfab06c",
    "aup": "2c55bc3050caa996758869126ad10cf42e1441212111db034b3a45189c18b6fc",
    "awb": "d74a950c9739a65f7bfc4dfa6187f2730fa03de5b8eb3f2da97a51b74df64d3c",
    "axb": "dd65c3d2907d1ee52f86e44f578319159e60f4bf722a9142be01161d84e330ff",
    "bdl": "26b91aaf48b2799b2956792b4632c2f926cd0542f402b5452d5adecb60942904",
    "clb": "3f16dc3f3b97955ea22623efb33b444341013fc660677b2e170efdcc959fa7c6",
    "eey": "8a0ee4e5acbd4b2f61a4fb947c1730ab3adcc9dc50b195981d99391d29928e8a",
    "fem": "3fcff629412b57233589cdb058f730594a62c4f3a75c20de14afe06621ef45e2",
    "gka": "dc82e7967cbd5eddbed33074b0699128dbd4482b41711916d58103707e38c67f",
    "jmk": "3a37c0e1dfc91e734fdbc88b562d9e2ebca621772402cdc693bbc9b09b211d73",
    "ksp": "8029cafce8296f9bed3022c44ef1e7953332b6bf6943c14b929f468122532717",
    "ljm": "b23993765cbf2b9e7bbc3c85b6c56eaf292ac81ee4bb887b638a24d104f921a0",
    "lnh": "4faf34d71aa7112813252fb20c5433e2fdd9a9de55a00701ffcbf05f24a5991a",
    "rms": "c6dc11235629c58441c071a7ba8a2d067903dfefbaabc4056d87da35b72ecda4",
    "rxr": "1fa4271c393e5998d200e56c102ff46fcfea169aaa2148ad9e9469616fbfdd9b",
    "slp": "54345ed55e45c23d419e9a823eef427f1cc93c83a710735ec667d068c916abf1",
    "slt": "7c173297916acf3cc7fcab2713be4c60b27312316765a90934651d367226b4ea",
}

_ARCTIC = PublicCorpus(
    name="cmu_arctic",
    title="CMU ARCTIC",
    languages=("en",),
    speakers=18,
    hours=None,
    rate=16_000,
    licence=Licence(
        spdx="LicenseRef-CMU-ARCTIC", commercial="yes", why="free software, without restriction on commercial or other use"
    ),
    citation="J. Kominek and A. W. Black, CMU ARCTIC databases for speech synthesis, CMU-LTI-03-177, 2003",
    reference="Kominek and Black 2003",
    home="http://festvox.org/cmu_arctic/",
    read_by="own",
    format="cmu-arctic",
    archives=tuple(
        Archive(
            url=f"http://festvox.org/cmu_arctic/packed/cmu_us_{speaker}_arctic.tar.bz2",
            sha256=sha256,
            speaker=speaker,
            language="en",
        )
        for speaker, sha256 in _ARCTIC_SHA256.items()
    ),
    sources=("lhotse 1.33 recipes/cmu_arctic.py", "torchaudio 2.11 datasets/cmuarctic.py", "CMU-LTI-03-177"),
    notes=("bdl, clb, rms and slt are the four primary sets, slt the usual female voice; 1132 sentences each, read by all.",),
)

_INDIC = {
    "ben_rm": "bn",
    "guj_ad": "gu",
    "guj_dp": "gu",
    "guj_kt": "gu",
    "hin_ab": "hi",
    "kan_plv": "kn",
    "mar_aup": "mr",
    "mar_slp": "mr",
    "pan_amp": "pa",
    "tam_sdr": "ta",
    "tel_kpn": "te",
    "tel_sk": "te",
    "tel_ss": "te",
}

_CMU_INDIC = PublicCorpus(
    name="cmu_indic",
    title="CMU Indic",
    languages=("bn", "gu", "hi", "kn", "mr", "pa", "ta", "te"),
    speakers=13,
    hours=None,
    rate=None,
    licence=Licence(
        spdx="LicenseRef-Not-Stated", commercial="unclear", why="its page names no licence; read the files in the archive"
    ),
    citation="CMU INDIC speech synthesis databases, Language Technologies Institute, Carnegie Mellon University",
    reference="CMU",
    home="http://festvox.org/cmu_indic/",
    read_by="own",
    format="cmu-indic",
    archives=tuple(
        Archive(
            url=f"http://festvox.org/h2r_indic/cmu_indic_{speaker}.tar.bz2",
            speaker=speaker,
            recipe_part=speaker[:3],
            language=language,
        )
        for speaker, language in _INDIC.items()
    ),
    sources=("lhotse 1.33 recipes/cmu_indic.py",),
)

_L2_SPEAKERS = (
    *("ABA", "SKA", "YBAA", "ZHAA", "BWC", "LXC", "NCC", "TXHC", "ASI", "RRBI", "SVBI", "TNI"),
    *("HJK", "HKK", "YDCK", "YKWK", "EBVS", "ERMS", "MBMPS", "NJS", "HQTV", "PNV", "THV", "TLV"),
)

_L2_ARCTIC = PublicCorpus(
    name="l2_arctic",
    title="L2-ARCTIC, ARCTIC's prompts read with six foreign accents",
    languages=("en",),
    speakers=24,
    hours=27.1,
    rate=44_100,
    licence=Licence(
        spdx="CC-BY-NC-4.0",
        commercial="no",
        why="non-commercial use only",
        consent=True,
        url="https://psi.engr.tamu.edu/l2-arctic-corpus/",
    ),
    citation="G. Zhao et al., L2-ARCTIC: A Non-native English Speech Corpus, Interspeech 2018",
    reference="Zhao et al. 2018",
    home="https://psi.engr.tamu.edu/l2-arctic-corpus/",
    read_by="lhotse",
    format="l2-arctic",
    archives=(Archive(url="", name="l2arctic_release_v*.zip", language="en", strip="l2arctic_release_v*", nested=True),),
    sources=("lhotse 1.33 recipes/l2_arctic.py", "psi.engr.tamu.edu/l2-arctic-corpus"),
    by_hand="its page asks for a form to be filled in and sends the address by mail",
    notes=(f"Speakers: {', '.join(_L2_SPEAKERS)}.",),
)

CORPORA = (_ARCTIC, _CMU_INDIC, _L2_ARCTIC)
