"""English words to phones without gruut: the CMU dictionary, letter-to-sound, parts of speech, homographs, names.

In: words as they are said (no digits). Out: IPA with stress marks, the phone set of :mod:`tts.text.arpabet`. The data files
beside this are made by ``tools/make_english_data.py``; NOTICE says where they come from and under which licences.
"""

from typing import Final

VERSION: Final = 2
"""Part of an engine's identity: raise it when the same words come out with other phones."""
