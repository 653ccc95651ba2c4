"""Tiny corpora in the layouts in which public corpora are published, with their oddities, and what a reader must find in them.

Each function fills an empty folder, called after the corpus, and notes by speaker each utterance's text and recording, and
what must be left out with its reason. The sources of the layouts are named in the readers (``tts/corpora/readers``), and below
where there is no such reader.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

RATE = 24000


@dataclass
class Made:
    """What was put into a folder: by speaker and id the text and the recording; by id why it cannot be used."""

    root: Path
    utterances: dict[str, dict[str, tuple[str, Path]]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def say(self, speaker: str, id: str, text: str, file: str) -> None:
        """Put a recording there, and expect it."""
        self.utterances.setdefault(speaker, {})[id] = (text, self.sound(file))

    def sound(self, file: str) -> Path:
        """Write a recording: half a second of noise."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = 0.1 * np.random.default_rng(len(file)).standard_normal(RATE // 2)
        soundfile.write(str(path), noise, RATE)
        return path

    def write(self, file: str, text: str, *, mark: bool = False, ends: str = "\n") -> None:
        """Write a text file, with a byte order mark and other line ends if asked."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.replace("\n", ends).encode("utf-8-sig" if mark else "utf-8"))


def cmu_arctic(made: Made) -> None:
    """Prompts in Scheme; one without a recording, one recording without a prompt, a wave of the larynx beside them."""
    for speaker in ("slt", "bdl"):
        folder = f"cmu_us_{speaker}_arctic"
        made.say(speaker, "arctic_a0001", "Author of the danger trail, Philip Steels, etc.", f"{folder}/wav/arctic_a0001.wav")
        made.say(speaker, "arctic_a0002", 'He said "no" twice.', f"{folder}/wav/arctic_a0002.wav")
        made.sound(f"{folder}/orig/arctic_a0001.wav")
        prompts = '( arctic_a0001 "Author of the danger trail, Philip Steels, etc." )\n'
        prompts += '( arctic_a0002 "He said \\"no\\" twice." )\n'
        if speaker == "bdl":
            prompts += '( arctic_a0003 "Nobody recorded this." )\n'
            made.sound(f"{folder}/wav/arctic_b0540.wav")
        made.write(f"{folder}/etc/txt.done.data", prompts)
        made.write(f"{folder}/lab/arctic_a0001.lab", "#\n0.1 100 pau\n")
    made.write("downloads/cmu_us_slt_arctic.tar.bz2.sha256", "0")
    made.left_out = {"arctic_a0003": "missing_audio", "arctic_b0540": "no_text"}


def cmu_indic(made: Made) -> None:
    """Two languages; a speaker who also read English prompts."""
    made.say("hin_ab", "hin_0001", "यह एक वाक्य है।", "cmu_indic_hin_ab/wav/hin_0001.wav")
    made.sound("cmu_indic_hin_ab/wav/arctic_a0001.wav")
    made.write(
        "cmu_indic_hin_ab/etc/txt.done.data", '( hin_0001 "यह एक वाक्य है।" )\n( arctic_a0001 "Author of the danger trail." )\n'
    )
    made.sound("cmu_indic_tel_ss/wav/tel_0001.wav")
    made.write("cmu_indic_tel_ss/etc/txt.done.data", '( tel_0001 "ఇది ఒక వాక్యం." )\n')
    made.left_out = {"arctic_a0001": "language"}


def vctk(made: Made) -> None:
    """Two microphones, p280 without the second, p315 without texts, p362 without some recordings, a speaker called s5."""
    made.write("speaker-info.txt", "ID  AGE  GENDER  ACCENTS  REGION COMMENTS\np225  23  F    English    Southern  England\n")
    for speaker in ("p225", "p280", "p362", "s5"):
        for number, text in (("001", "Please call Stella."), ("002", "Ask her to bring these things.")):
            made.write(f"txt/{speaker}/{speaker}_{number}.txt", f"{text}\n")
            if (speaker, number) == ("p362", "002"):
                made.left_out["002"] = "missing_audio"
                continue
            made.say(speaker, number, text, f"wav48_silence_trimmed/{speaker}/{speaker}_{number}_mic1.flac")
            if speaker != "p280":
                made.sound(f"wav48_silence_trimmed/{speaker}/{speaker}_{number}_mic2.flac")
    made.sound("wav48_silence_trimmed/p315/p315_001_mic1.flac")
    made.sound("wav48_silence_trimmed/p225/p225_003_mic1.flac")
    made.write("wav48_silence_trimmed/log.txt", "nothing\n")
    made.left_out |= {"p315": "no_speaker", "003": "no_text"}


def libritts(made: Made) -> None:
    """Three columns, an empty text, a recording that was never made, the remains of a Mac, the recording that lhotse drops."""
    made.write(
        "SPEAKERS.txt", ";ID  |SEX| SUBSET           |MINUTES| NAME\n84   | F | dev-clean        | 8.02  | Christie Nowak\n"
    )
    folder = "train-clean-100/84/121123"
    made.say("84", "121123_000007_000001", "Maximilian.", f"{folder}/84_121123_000007_000001.wav")
    made.say("84", "121123_000008_000000", "Doctor Villefort rose.", f"{folder}/84_121123_000008_000000.wav")
    made.sound(f"{folder}/84_121123_000009_000000.wav")
    made.write(f"{folder}/._84_121123_000007_000001.wav", "")
    made.write(f"{folder}/84_121123_000007_000001.normalized.txt", "Maximilian.")
    lines = "84_121123_000007_000001\tMaximilian.\tMaximilian.\n"
    lines += "84_121123_000008_000000\tDr. Villefort rose.\tDoctor Villefort rose.\n"
    lines += "84_121123_000009_000000\t\t\n84_121123_000010_000000\tNobody.\tNobody.\n"
    made.write(f"{folder}/84_121123.trans.tsv", lines)
    book = "".join(f"{line.split(chr(9))[0]}\tx\tx\t12.5\n" for line in lines.splitlines())
    made.write(f"{folder}/84_121123.book.tsv", book)
    made.write("dev-clean/downloads.txt", "")
    made.left_out = {"121123_000009_000000": "empty_text"}


def hifi_tts(made: Made) -> None:
    """A list a reader and set, paths below the root, three forms of the text."""
    for reader, name, quality in (("92", "Cori_Samuel", "clean"), ("6097", "Phil_Benson", "other")):
        lines = ""
        for part in ("train", "dev"):
            id = f"sentence_{part}_0001"
            made.say(name, id, "Hello, you!", f"audio/{reader}_{quality}/1/{id}.flac")
            line = {"audio_filepath": f"audio/{reader}_{quality}/1/{id}.flac", "text": "hello you", "duration": 0.5}
            lines = json.dumps({**line, "text_no_preprocessing": '"Hello, you!"', "text_normalized": "Hello, you!"}) + "\n"
            made.write(f"{reader}_manifest_{quality}_{part}.json", lines)


def l2_arctic(made: Made) -> None:
    """A text a recording, annotations of some, the folder of spontaneous speech."""
    for speaker in ("ABA", "YKWK"):
        made.say(speaker.lower(), "arctic_a0001", "Author of the trail.", f"{speaker}/wav/arctic_a0001.wav")
        made.write(f"{speaker}/transcript/arctic_a0001.txt", "Author of the trail.")
        made.write(f"{speaker}/annotation/arctic_a0001.TextGrid", "File type = x")
    made.sound("suitcase_corpus/wav/aba.wav")
    made.write("suitcase_corpus/transcript/aba.txt", "well I had a suitcase")


def aishell3(made: Made) -> None:
    """Characters with pinyin between them; a line whose recording is missing."""
    made.write("spk-info.txt", "# speakers\n#\nSSB0005\tB\tfemale\tnorth\nSSB0009\tC\tfemale\tnorth\n")
    made.write("train/label_train-set.txt", "# labels\nSSB00050001|guang3 zhou1|广州$\n")
    made.say("SSB0005", "SSB00050001", "广州", "train/wav/SSB0005/SSB00050001.wav")
    made.write("train/content.txt", "SSB00050001.wav\t广 guang3 州 zhou1\nSSB00050002.wav\t没 mei2\n")
    made.say("SSB0009", "SSB00090001", "北京", "test/wav/SSB0009/SSB00090001.wav")
    made.write("test/content.txt", "SSB00090001.wav\t北 bei3 京 jing1\n")


def baker(made: Made) -> None:
    """Two lines an utterance, marks of prosody in the text."""
    made.say("baker", "000001", "卡尔普陪外孙玩滑梯。", "Wave/000001.wav")
    made.say("baker", "000002", "假语村言别再拥抱我。", "Wave/000002.wav")
    lines = "000001\t卡尔普#2陪外孙#1玩滑梯#4。\n\tka2 er2 pu3 pei2\n000002\t假语村言#2别再#1拥抱我#4。\n\tjia2 yu3\n"
    made.write("ProsodyLabeling/000001-010000.txt", lines)
    made.write("PhoneLabeling/000001.interval", "File type")


def dailytalk(made: Made) -> None:
    """One list of dialogues; a recording's name holds turn, speaker and dialogue."""
    dialogues: dict[str, dict[str, dict[str, object]]] = {"0": {}, "1": {}}
    for index, (dialogue, turn) in enumerate((("0", "0"), ("0", "1"), ("1", "0"))):
        speaker, text = int(turn), f"Sentence {index}."
        entry = {"text": text, "speaker": speaker, "index": index, "turn": int(turn), "topic": 1, "emotion": "none", "act": "x"}
        dialogues[dialogue][turn] = entry
        made.say(f"dailytalk_spk{speaker}", f"dailytalk_{index}", text, f"data/{dialogue}/{turn}_{speaker}_d{dialogue}.wav")
    made.write("metadata.json", json.dumps(dialogues))


def common_voice(made: Made) -> None:
    """MP3 clips, a lone quotation mark, columns of a late release, contributors' numbers that begin alike."""
    columns = "client_id\tpath\tsentence_id\tsentence\tsentence_domain\tup_votes\tdown_votes\tage\tgender\taccents\tvariant\n"
    clients = {"a" * 12 + "b" * 116: "Guten Tag.", "a" * 12 + "c" * 116: 'Er sagte: "Nein.'}
    lines = ""
    for number, (client, text) in enumerate(clients.items()):
        name = f"common_voice_de_{number}"
        made.say(client[:16], name, text, f"de/clips/{name}.mp3")
        lines += f"{client}\t{name}.mp3\tx{number}\t{text}\t\t2\t0\t\t\t\t\n"
    lines += f"{'a' * 12 + 'b' * 116}\tcommon_voice_de_9.mp3\tx9\tVerloren.\t\t2\t0\t\t\t\t\n"
    made.write("de/validated.tsv", columns + lines)
    made.write("de/invalidated.tsv", columns)
    made.left_out = {"common_voice_de_9": "missing_audio"}


def mls(made: Made) -> None:
    """Three sets, a folder a speaker and book, texts without punctuation."""
    for part, id in (("train", "4536_5564_000000"), ("dev", "2422_2345_000001")):
        speaker, book, number = id.split("_")
        made.say(speaker, f"{book}_{number}", "ein satz ohne punkt", f"mls_german/{part}/audio/{speaker}/{book}/{id}.flac")
        missing = f"{speaker}_{book}_000099\tnicht da\n" if part == "train" else ""
        made.write(f"mls_german/{part}/transcripts.txt", f"{id}\tein satz ohne punkt\n{missing}")
    made.write("mls_german/metainfo.txt", "SPEAKER | GENDER | PARTITION\n4536 | M | train\n")
    made.left_out = {"5564_000099": "missing_audio"}


def m_ailabs(made: Made) -> None:
    """Books by readers of both sexes and by readers not told apart; missing recordings, a mark at the file's beginning."""
    places = {"eva_k": "female/eva_k/grune_haus", "karlsson": "male/karlsson/herrnarnes", "mix": "mix/altehous"}
    for speaker, place in places.items():
        folder, id = f"de_DE/by_book/{place}", f"{speaker}_01_f000001"
        made.say(speaker, "01_f000001", "Um zwei Uhr.", f"{folder}/wavs/{id}.wav")  # the speaker's name is not repeated
        lost = f"{speaker}_01_f000002|Fort.|Fort.\n" if speaker == "eva_k" else ""
        made.write(f"{folder}/metadata.csv", f"{id}|Um 2 Uhr.|Um zwei Uhr.\n{lost}", mark=True, ends="\r\n")
        made.write(f"{folder}/metadata_mls.json", "{}")
    made.left_out = {"01_f000002": "missing_audio"}


def hui(made: Made) -> None:
    """A folder a reader and book; texts with quotation marks are quoted."""
    made.say("Karlsson", "altehous_01_f000001", 'Er rief: "Halt!"', "Karlsson/altehous/wavs/altehous_01_f000001.wav")
    made.say("Karlsson", "altehous_01_f000002", "Dann war es still.", "Karlsson/altehous/wavs/altehous_01_f000002.wav")
    lines = 'altehous_01_f000001|"Er rief: ""Halt!"""\naltehous_01_f000002|Dann war es still.\n'
    made.write("Karlsson/altehous/metadata.csv", lines)
    made.say("Hokuspokus", "sagen_02_f000001", "Es war einmal.", "Hokuspokus/sagen/wavs/sagen_02_f000001.wav")
    made.write("Hokuspokus/sagen/metadata.csv", "sagen_02_f000001|Es war einmal.\n")


def css10(made: Made) -> None:
    """Path, text, normalised text and seconds; paths with folders."""
    made.say("css10_german", "achtgesichter_0000", "um zwei uhr", "german/achtgesichter/achtgesichter_0000.wav")
    made.write(
        "german/transcript.txt",
        "achtgesichter/achtgesichter_0000.wav|Um 2 Uhr|um zwei uhr|4.21\nachtgesichter/achtgesichter_0001.wav|Fort|fort|1.0\n",
    )
    made.write("greek/transcript.txt", "x/x_0000.wav|α|α|1\n")
    made.left_out = {"achtgesichter_0001": "missing_audio"}


def openslr_crowdsourced(made: Made) -> None:
    """Index beside the recordings or in the root, one tab or two, an index that names what was not fetched."""
    made.say("arf_00295", "00037352660", "Hola.", "es_ar_female/arf_00295_00037352660.wav")
    made.write("es_ar_female/es_ar_female_line_index.tsv", "arf_00295_00037352660\tHola.\n")
    made.say("arm_00015", "00000001", "Buenos días.", "es_ar_male/arm_00015_00000001.wav")
    made.write("es_ar_male/es_ar_male_line_index.tsv", "arm_00015_00000001\t\tBuenos días.\narm_00015_00000002\tPerdido.\n")
    made.sound("jv_id_female/wavs/jvf_02879_01795762363.wav")
    made.write("jv_id_female/line_index.tsv", "jvf_02879_01795762363\tSugeng enjing.\n")
    made.write("line_index_all.csv", "EN0001, irm_02484_00388340153, Hello, there.\n")
    made.left_out = {"00000002": "missing_audio"}


def jsut(made: Made) -> None:
    """A list a part with colons in the texts; jsut-label says what was uttered."""
    made.say("jsut", "BASIC5000_0001", "水を買わなくてはならないのです。", "basic5000/wav/BASIC5000_0001.wav")
    made.say("jsut", "BASIC5000_0002", "比は3:2です。", "basic5000/wav/BASIC5000_0002.wav")
    made.write(
        "basic5000/transcript_utf8.txt",
        "BASIC5000_0001:水を買わねばならないのです。\nBASIC5000_0002:比は3:2です。\n",
        mark=True,
    )
    made.write(
        "jsut-label/text_kana/basic5000.yaml",
        "BASIC5000_0001:\n  text_level1: 水を買わねばならないのです。\n  text_level2: 水を買わなくてはならないのです。\n"
        "  kana_level3: みずをかわなくてわならないのです\n",
    )
    made.sound("onomatopee300/wav/ONOMATOPEE300_001.wav")
    made.write("onomatopee300/transcript_utf8.txt", "ONOMATOPEE300_001:わんわん。\n")


def jvs(made: Made) -> None:
    """Misread and misnumbered recordings by list, a missing one, whispered speech that is not read."""
    texts = {f"VOICEACTRESS100_{number:03}": f"文{number}。" for number in (14, 15, 16, 17, 82)}
    transcript = "".join(f"{id}:{text}\n" for id, text in texts.items())
    for speaker in ("jvs017", "jvs058"):
        folder = f"{speaker}/parallel100"
        made.write(f"{folder}/transcripts_utf8.txt", transcript)
        made.write(f"{speaker}/whisper10/transcripts_utf8.txt", "WHISPER_001:秘密。\n")
        made.sound(f"{speaker}/whisper10/wav24kHz16bit/WHISPER_001.wav")
    for id, text in texts.items():
        if id.endswith("082"):
            made.sound(f"jvs017/parallel100/wav24kHz16bit/{id}.wav")
        elif not id.endswith("017"):
            made.say("jvs017", id, text, f"jvs017/parallel100/wav24kHz16bit/{id}.wav")
    wavs = "jvs058/parallel100/wav24kHz16bit"
    made.sound(f"{wavs}/VOICEACTRESS100_014.wav")  # sentences 14 and 15
    made.say("jvs058", "VOICEACTRESS100_016", "文16。", f"{wavs}/VOICEACTRESS100_015.wav")
    made.say("jvs058", "VOICEACTRESS100_017", "文17。", f"{wavs}/VOICEACTRESS100_016.wav")
    made.say("jvs058", "VOICEACTRESS100_082", "文82。", f"{wavs}/VOICEACTRESS100_082.wav")
    made.left_out = {
        "VOICEACTRESS100_082": "known_fault",
        "VOICEACTRESS100_017": "missing_audio",
        "VOICEACTRESS100_014": "known_fault",
        "VOICEACTRESS100_015": "missing_audio",
    }


def hifi_captain(made: Made) -> None:
    """Four sets, a list each beside the folders of recordings."""
    for speaker in ("female", "male"):
        for part in ("train_parallel", "dev"):
            id = f"J_{part}_0001"
            made.say(speaker, id, "こんにちは、 元気?", f"ja-JP/{speaker}/wav/{part}/{id}.wav")
            made.write(f"ja-JP/{speaker}/text/{part}.txt", f"{id} こんにちは、 元気?\n")


def ljspeech(made: Made) -> None:
    """Lone quotation marks, abbreviations and numbers that the third column spells out (keithito.com/LJ-Speech-Dataset)."""
    made.say("lj", "LJ001-0001", 'Doctor Smith said: "Printing,', "wavs/LJ001-0001.wav")
    made.say("lj", "LJ001-0002", 'in fourteen fifty-five"', "wavs/LJ001-0002.wav")
    made.write(
        "metadata.csv",
        'LJ001-0001|Dr. Smith said: "Printing,|Doctor Smith said: "Printing,\nLJ001-0002|in 1455"|in fourteen fifty-five"\n',
    )
    made.write("README", "The LJ Speech Dataset\n")


def kerstin(made: Made) -> None:
    """Two columns, trimmed recordings in a folder of their own beside what came from the browser."""
    made.say("kerstin", "0001", "Können Sie mir helfen?", "verified/0001.flac")
    made.write("metadata.csv", "0001|Können Sie mir helfen?\n")
    made.write("audio/0001.webm", "")
    made.write("LICENSE", "CC0\n")


def thorsten(made: Made) -> None:
    """LJSpeech's layout with two columns (idiap/coqui-ai-TTS, formatters.py)."""
    made.say("thorsten", "0001", "Können Sie mir helfen?", "wavs/0001.wav")
    made.write("metadata.csv", "0001|Können Sie mir helfen?\n")


LAYOUTS: dict[str, Callable[[Made], None]] = {
    "aishell3": aishell3,
    "baker": baker,
    "cmu_arctic": cmu_arctic,
    "cmu_indic": cmu_indic,
    "common_voice": common_voice,
    "css10": css10,
    "dailytalk": dailytalk,
    "hifi_captain": hifi_captain,
    "hifi_tts": hifi_tts,
    "hui": hui,
    "jsut": jsut,
    "jvs": jvs,
    "kerstin": kerstin,
    "l2_arctic": l2_arctic,
    "libritts": libritts,
    "libritts_r": libritts,
    "ljspeech": ljspeech,
    "m_ailabs": m_ailabs,
    "mls": mls,
    "openslr_crowdsourced": openslr_crowdsourced,
    "thorsten": thorsten,
    "vctk": vctk,
}
