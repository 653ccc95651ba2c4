"""What pyproject.toml cannot say: the packages that are found, and two that lie elsewhere in the repository than in a wheel."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["tts", "tts.*"]), "tts.data", "tts.recipes"],
    package_dir={"tts.data": "data", "tts.recipes": "recipes"},
)
