"""Multi-task stacked-network speech synthesis: from recordings and text to a voice, from text files to speech."""

__version__ = "0.1.0"
