"""Which speakers, and how much, of a large corpus: what the command line and ``corpus.select`` ask for, as changes of a recipe.

The changes are kept with what was prepared (``PreparedFacts.selected``), so that training knows the corpus as it was prepared.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from tts.core.errors import UsageError
from tts.corpora.layouts import LAYOUTS, Reader
from tts.corpora.scan import ScannedCorpus
from tts.corpora.splits import counting_order
from tts.dataset.reading import source_of
from tts.recipe import CorpusPart, Recipe


def selection_changes(part: CorpusPart, speakers: Sequence[str], hours: float | None, limit: int | None) -> tuple[str, ...]:
    """Return the changes that ``--speaker``, ``--hours`` and ``--limit`` stand for; none where none is given.

    What the recipe says of a speaker by name is kept. Raises :class:`UsageError` for a speaker that the recipe's corpus cannot
    have: where it lists them, and where its layout has one.
    """
    changes = []
    if speakers and (part.speakers or LAYOUTS[part.format].tells_speakers):
        own = {name: part.speakers[name].model_dump(exclude_none=True) if name in part.speakers else {} for name in speakers}
        if unknown := [
            name for name in speakers if part.speakers and part.select.speakers is None and name not in part.speakers
        ]:
            raise UsageError(f"--speaker {unknown[0]}: the recipe's speakers are {', '.join(part.speakers)}")
        changes += ['corpus.speaker=""', "corpus.select.speakers=null", f"corpus.speakers={json.dumps(own)}"]
    elif speakers and [*speakers] != [part.speaker]:
        raise UsageError(f"--speaker {','.join(speakers)}: the recipe's corpus has one speaker, {part.speaker}; leave it out")
    if hours is not None:
        changes.append(f"corpus.select.hours={hours!r}")
    if limit is not None:
        changes.append(f"corpus.select.limit={limit}")
    return tuple(changes)


def settle_speakers(recipe: Recipe, root: Path, reader: Reader) -> tuple[Recipe, tuple[str, ...]]:
    """Return the recipe with the speakers that ``corpus.select.speakers`` means by name, and the changes that did so.

    ``reader`` (:func:`tts.corpora.layouts.open_layout`) looks through ``root`` for them. Raises :class:`UsageError` for a
    layout that does not tell who speaks, and where there are fewer than are asked for.
    """
    part, wanted = recipe.corpus, recipe.corpus.select.speakers
    if wanted is None or part.speakers:
        return recipe, ()
    if not isinstance(reader, ScannedCorpus):
        raise UsageError(
            f"corpus.select.speakers: the format {part.format} does not list its speakers; name them with speakers"
        )
    names = sorted(reader.scan(root, source_of(recipe.name, part, "")).speakers, key=counting_order)
    if wanted != "all" and wanted > len(names):
        raise UsageError(f"corpus.select.speakers: is {wanted}, but {root} has {len(names)} speakers: {', '.join(names[:12])}")
    change = f"corpus.speakers={json.dumps(names if wanted == 'all' else names[:wanted])}"
    try:
        return recipe.changed([change]), (change,)
    except ValidationError as error:
        raise UsageError(f"{root}: a speaker's name cannot begin a file's name ({error.errors()[0]['msg']})") from None
