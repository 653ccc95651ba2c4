import subprocess
import sys

import numpy as np
import pytest

from tts.analysis.torchaudio_compat import import_torchaudio


def run(code):
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_pure_torch_functions_work():
    filters = import_torchaudio().functional.melscale_fbanks(257, 0.0, 8000.0, 20, 16000)
    assert filters.shape == (257, 20)
    assert np.isfinite(filters.numpy()).all()


def test_second_call_returns_the_same_module():
    assert import_torchaudio() is import_torchaudio()


# A finder in front of the others that makes torchaudio's loading of its native extension fail, as it does beside a CPU torch.
BREAK = """
import sys, importlib.abc
class Broken(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torchaudio._extension":
            raise {error}("libcudart.so.13: cannot open shared object file")
sys.meta_path.insert(0, Broken())
from tts.analysis.torchaudio_compat import import_torchaudio
torchaudio = import_torchaudio()
"""


@pytest.mark.slow
@pytest.mark.parametrize("error", ["OSError", "RuntimeError"])
def test_falls_back_where_the_extension_does_not_load(error):
    code = BREAK.format(error=error) + (
        "import torch\n"
        "assert not torchaudio._extension._IS_TORCHAUDIO_EXT_AVAILABLE\n"
        "assert torchaudio.transforms.MelSpectrogram(16000)(torch.zeros(1, 16000)).shape == (1, 128, 81)\n"
        "try: torchaudio.functional.forced_align(torch.zeros(1, 4, 3), torch.ones(1, 2, dtype=torch.int32))\n"
        "except RuntimeError as refusal: print(refusal)\n"
    )
    assert "forced_align needs its native extension" in run(code)


def test_first_import_that_succeeds_is_used_as_it_is():
    code = (
        "import sys, types\n"
        "sys.modules['torchaudio'] = good = types.ModuleType('torchaudio')\n"
        "from tts.analysis.torchaudio_compat import import_torchaudio\n"
        "assert import_torchaudio() is good and 'torchaudio._extension' not in sys.modules\n"
    )
    run(code)


def test_missing_torchaudio_is_one_clear_sentence():
    code = (
        "import sys; sys.path_importer_cache.clear()\n"
        "import importlib.abc\n"
        "class Missing(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torchaudio': raise ModuleNotFoundError('no', name='torchaudio')\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from tts.analysis.torchaudio_compat import import_torchaudio\n"
        "from tts.core.errors import TtsError\n"
        "try: import_torchaudio()\n"
        "except TtsError as error: print(error)\n"
    )
    assert run(code).startswith("torchaudio is not installed; install it with")


@pytest.mark.slow
def test_hopeless_torchaudio_leaves_nothing_behind():
    code = (
        "import sys, importlib.abc\n"
        "class Broken(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torchaudio.functional': raise OSError('broken file')\n"
        "sys.meta_path.insert(0, Broken())\n"
        "from tts.analysis.torchaudio_compat import import_torchaudio\n"
        "from tts.core.errors import TtsError\n"
        "try: import_torchaudio()\n"
        "except TtsError as error: print(error)\n"
        "assert not [name for name in sys.modules if name.startswith('torchaudio')]\n"
    )
    assert "broken file" in run(code)


def test_importing_the_module_does_not_import_torch():
    assert run("import sys, tts.analysis.torchaudio_compat; print('torch' in sys.modules)") == "False"
