"""What pyproject.toml cannot say: the packages that are found, and three that lie elsewhere in a checkout than in a wheel."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["tts", "tts.*"]), "tts.data", "tts.recipes", "tts.voices"],
    package_dir={"tts.data": "data", "tts.recipes": "recipes", "tts.voices": "voices"},
)
