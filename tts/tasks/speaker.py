"""Speaker identity (classification): who speaks, in a corpus of several speakers.

It can only be learnt by a network whose input has the speaker's code. Its use is in ``unrelated``: declared unrelated to a
phonetic task, the penalty keeps who speaks and what is said on different units (Romera-Paredes, Argyriou, Bianchi-Berthouze
and Pontil, AISTATS 2012).
"""

from __future__ import annotations

from tts.tasks.base import SpeakerFamily

FAMILY = SpeakerFamily()
