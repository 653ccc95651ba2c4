"""Parts of ``tools/bench.py``: a module each, whose ``measure(setup)`` returns rows. Each stage stands beside its floor.

A new part is a module here with ``measure`` and a line in :data:`PARTS`; :mod:`bench_parts.frame` has what all of them use.
"""

PARTS = {
    "train": "a training step in each precision against the matrix products of its shapes; validation; a plain PyTorch loop",
    "cold": "start-up: the interpreter, imports, a first sentence from a cold process, a warm one, first audio of a long text",
    "speak": "text to samples, in parts and whole, against the network's products and WORLD's synthesis alone; growth; peers",
    "prepare": "analysis and tasks of recordings against bare dio, stonemask, cheaptrick and d4c; growth of a whole prepare",
    "vocoder": "each vocoder against pyworld.synthesize alone, hop 5 and 10 ms",
    "mlpg": "trajectories against nnmnkwii's",
    "sharing": "a training step of every way of sharing against hard sharing",
}
