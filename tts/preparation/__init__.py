"""The steps of ``tts prepare``, put together in :mod:`tts.prepare`: reading and splitting, analysis, alignment."""
