"""The card of a voice, and the environment that a measured number depends on."""

from __future__ import annotations

import json
from typing import Any

from tts.core.progress import clock


def voice_card(config: dict[str, Any], summary: dict[str, Any], scores: str = "") -> str:
    """Return the voice's README: front matter that model hubs read, what it was made from, how it scores."""
    corpus = config["corpus"]
    front = {
        "license": " AND ".join(dict.fromkeys([corpus["licence"], *(base["licence"] for base in bases(config))])),
        "language": config["text"]["language"],
        "library_name": "stacked-tts",
        "pipeline_tag": "text-to-speech",
        "datasets": list(dict.fromkeys([corpus["name"], *(base["corpus"] for base in bases(config))])),
        **({"base_model": config["transfer"]["from"]} if config.get("transfer") else {}),
    }
    header = "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items())
    stages = "\n".join(
        f"* stage {n}: {part['trunk']['kind']} {' x '.join(map(str, part['trunk']['layers']))}"
        f"{_hands_on(part['bottleneck'])}, {_learns(part)}"
        f"{_grouping(summary['stages'][n - 1].get('grouping'))}"
        for n, part in enumerate(config["stages"], 1)
    )
    source = f" ({corpus['source']})" if corpus["source"] else ""
    last = summary["stages"][-1]
    mcd = f"{last['valid/mcd']:.3f} dB" if "valid/mcd" in last else "not measured"
    return f"""---
{header}
---
# {config["recipe"]}, system {config["system"]}

A statistical parametric voice at {config["grid"]["sample_rate"]} Hz, trained with stacked-tts {config["version"]}.

* Speaker {corpus["speaker"]}, corpus {corpus["name"]}{source}, licence {corpus["licence"]}
* Recordings: {corpus["utterances"]} utterances for training, {clock(corpus["seconds"])}
{_origin(config)}{stages}
* Parameters: {summary["parameters"]["speaking"]:,} to speak, {summary["parameters"]["trained"]:,} trained
* Validation MCD {mcd} at step {last["step"]}; seed {summary["seed"]}
* Made by: `{summary["command"]}` in {clock(summary["seconds"])} on {summary["made_with"]["machine"]}
{scores}
Speak with it: `tts speak FOLDER text.txt --out wavs`
"""


def bases(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a voice was begun from, and what that was begun from, nearest first: their licences hold for it too."""
    found = []
    base = config.get("transfer")
    while base:
        found.append(base)
        base = base.get("base")
    return found


def _origin(config: dict[str, Any]) -> str:
    lines: list[str] = []
    for base in bases(config):
        how = "was begun from" if base["how"] == "init_from" else "reads what the frozen first network of"
        end = "" if base["how"] == "init_from" else " hands on"
        what = f"speaker {base['speaker']}, corpus {base['corpus']}, licence {base['licence']}, model {base['model']}"
        lines.append(f"* {'That one' if lines else 'This voice'} {how} {base['from']}{end} ({what})")
    if lines:
        transfer = config["transfer"]
        if kept := transfer["settings"].get("freeze"):
            lines.append(f"* Frozen as they were taken over: {', '.join(kept)}")
        counts = ", ".join(f"{number} {how}" for how, number in transfer["tensors"].items() if number)
        new = transfer["inputs"]["new"]
        lines.append(f"* Tensors taken over: {counts}; inputs that are new: {', '.join(new) or 'none'}")
        lines += [f"* {difference}" for difference in transfer["differences"]]
    return "".join(f"{line}\n" for line in lines)


def _learns(part: dict[str, Any]) -> str:
    return f"learns {', '.join(part['tasks'])}" if part["tasks"] else "taken over as it is"


def _hands_on(bottleneck: int | dict[str, int] | None) -> str:
    if isinstance(bottleneck, dict):
        return f", hands on layer {bottleneck['layer']}"
    return f", bottleneck {bottleneck}" if bottleneck else ""


def _grouping(found: dict[str, list[float]] | None) -> str:
    """Say which tasks share which parts of a sparse basis (go_mtl)."""
    if not found:
        return ""
    rows = (f"{name} ({', '.join(f'{weight:.2f}' for weight in weights)})" for name, weights in found.items())
    return f"; weights of the shared basis: {', '.join(rows)}"
