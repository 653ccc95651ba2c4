"""Takes that vary: what is known of a distribution is found again, and what is drawn of it has its mean and covariance."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_voice import FakeVoice
from pydantic import ValidationError
from scipy.stats import multivariate_normal

from tts.cli.main import main
from tts.core.errors import TtsError, UsageError
from tts.core.normal_head import LEAST, head_width, whitened, whitening
from tts.core.stream import DURATION, Stream
from tts.core.tensors import load_tensors
from tts.dataset.statistics import StreamStatistics
from tts.generation.batch import speak_to_folder
from tts.generation.config import PHONE_PROSODY, VariationConfig, VoiceConfig, read_config
from tts.generation.durations import whole_durations
from tts.generation.plain_voice import PlainVoice
from tts.generation.requests import Request
from tts.generation.speaking import load_speaker
from tts.generation.synthesiser import Synthesiser, check_speakers
from tts.generation.text_files import read_requests
from tts.generation.variation import Take, deviations, draw, measure
from tts.generation.voice import Voice, load_voice, make_networks, save_voice
from tts.recipe import TaskUse
from tts.tasks.losses import task_loss

OLD = Path(__file__).parents[1] / "fixtures" / "format-2" / "single"
STREAM = Stream(PHONE_PROSODY, 4, kind="distribution")
TEXT = "She had your dark suit in greasy wash water all year, and nobody knew."
COVARIANCE = np.array([[1.0, 0.1, 0.0, 0.0], [0.1, 1.2, 0.0, 0.2], [0.0, 0.0, 0.9, 0.0], [0.0, 0.2, 0.0, 0.8]])
SHARES = np.array([0.0, 0.1, 0.0, 0.2])
TRANSITION = np.array([[0.1, 0.0, 0.0, 0.0], [0.0, 0.6, 0.3, 0.0], [0.0, -0.3, 0.0, 0.0], [0.0, 0.0, 0.0, 0.4]])
VARIATION = VariationConfig(
    covariance=tuple(map(tuple, COVARIANCE.tolist())),
    shares=tuple(SHARES.tolist()),
    transition=tuple(map(tuple, TRANSITION.tolist())),
)


def head_of(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """What a head says of a normal distribution: the outputs of which the precision is ``A^T A``, (width,)."""
    # The lower triangular A with A^T A = P is the transposed inverse of the Cholesky factor, its order turned round.
    turned = np.linalg.cholesky(np.linalg.inv(covariance)[::-1, ::-1])[::-1, ::-1]
    a = turned.T
    below = a[np.tril_indices(len(mean), -1)]
    return np.concatenate([mean, np.log(np.diag(a)), below])


def test_the_loss_is_the_log_density_of_scipy() -> None:
    draws = np.random.default_rng(0)
    root = draws.standard_normal((4, 4))
    mean, covariance = draws.standard_normal(4), 0.3 * root @ root.T + 0.05 * np.eye(4)
    head, values = head_of(mean, covariance), draws.standard_normal((50, 4))
    assert STREAM.width == head_width(4) == len(head) == 14
    np.testing.assert_allclose(np.linalg.inv(whitening(head[None], 4)[0].T @ whitening(head[None], 4)[0]), covariance)
    expected = -multivariate_normal(mean, covariance).logpdf(values).mean()
    outputs = torch.from_numpy(np.tile(head, (50, 1))).float()[None]
    loss = float(task_loss(STREAM, outputs, torch.from_numpy(values).float()[None], torch.ones(1, 50)))
    assert 2.0 * loss + 2.0 * np.log(2.0 * np.pi) == pytest.approx(expected, rel=1e-5)
    knows_nothing = torch.zeros(1, 4000, 14)
    standard = torch.from_numpy(draws.standard_normal((1, 4000, 4))).float()
    assert float(task_loss(STREAM, knows_nothing, standard, torch.ones(1, 4000))) == pytest.approx(1.0, abs=0.05)


def test_no_output_varies_without_bound() -> None:
    wild = np.full((1, 14), -50.0)
    assert whitening(wild, 4)[0, 0, 0] == pytest.approx(np.exp(LEAST))


def test_learning_finds_a_conditional_distribution() -> None:
    """Two contexts, of which mean, variances and correlation are known: a head that reads the context learns both.

    The most likely ones are those of the draws.
    """
    draws = np.random.default_rng(1)
    means = np.array([[0.0, 1.0, 0.0, -1.0], [0.5, -0.5, 0.2, 0.0]])
    covariances = [COVARIANCE, np.diag([0.2, 0.3, 0.5, 0.1]) + 0.05]
    context = draws.integers(0, 2, 4_000)
    values = np.stack([draws.multivariate_normal(means[c], covariances[c], 4_000) for c in (0, 1)])[context, np.arange(4_000)]
    x = torch.nn.functional.one_hot(torch.from_numpy(context), 2).float()
    layer = torch.nn.Linear(2, 14, bias=False)
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=40, line_search_fn="strong_wolfe")
    target = torch.from_numpy(values).float()[None]

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = task_loss(STREAM, layer(x)[None], target, torch.ones(1, 4_000))
        loss.backward()
        return loss

    optimiser.step(closure)
    for c in (0, 1):
        head, drawn = layer.weight.detach().numpy()[:, c][None], values[context == c]
        a = whitening(head, 4)[0]
        np.testing.assert_allclose(head[0, :4], drawn.mean(axis=0), atol=0.01)
        np.testing.assert_allclose(np.linalg.inv(a.T @ a), np.cov(drawn.T), atol=0.02)


def test_what_goes_together_is_measured_and_drawn_again() -> None:
    """Departures of many sentences drawn of one variation are found to have that very variation, whatever the head says."""
    count, length = 1500, 30
    noise = np.stack([draw(VARIATION, length, ("sentence", n)) for n in range(count)])
    assert np.abs(noise.mean(axis=(0, 1))).max() < 0.05
    np.testing.assert_allclose(np.einsum("nti,ntj->ij", noise, noise) / noise[..., 0].size, COVARIANCE, atol=0.06)
    rest = COVARIANCE - np.diag(SHARES)
    for lag, expected in ((1, TRANSITION @ rest), (2, TRANSITION @ TRANSITION @ rest), (20, np.zeros((4, 4)))):
        pairs = noise[:, lag:], noise[:, :-lag]
        here = np.einsum("nti,ntj->ij", *pairs) / pairs[0][..., 0].size
        np.testing.assert_allclose(here, expected + np.diag(SHARES), atol=0.05)

    head = np.random.default_rng(2).normal(0.0, 0.3, (count * length, 14))
    inverse = np.linalg.inv(whitening(head, 4))
    values = head[:, :4] + np.einsum("rij,rj->ri", inverse, noise.reshape(-1, 4)) + 0.0
    np.testing.assert_allclose(whitened(head, values), noise.reshape(-1, 4), atol=1e-9)
    found = measure(head, values, np.arange(0, count * length + 1, length), np.ones(count * length, bool))
    np.testing.assert_allclose(found.covariance, COVARIANCE, atol=0.06)
    np.testing.assert_allclose(found.shares, SHARES, atol=0.08)
    np.testing.assert_allclose(found.transition, TRANSITION, atol=0.06)


def test_what_is_drawn_is_the_same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another build of LAPACK may return other signs of eigenvectors; the numbers are those of scipy's matrix square root."""
    key = ("sentence", 1)
    numbers = [[0.496256, 0.267437, -1.245983, -0.879007], [0.266462, 0.943745, 0.384994, -0.889189]]
    np.testing.assert_allclose(draw(VARIATION, 2, key), numbers, atol=1e-6)

    def other_signs(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, vectors = original(matrix)
        return values, vectors * np.array([1.0, -1.0, -1.0, 1.0])

    original = np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", other_signs)
    np.testing.assert_allclose(draw(VARIATION, 2, key), numbers, atol=1e-6)


def test_few_phones_say_only_that_each_departs_by_itself() -> None:
    values = np.random.default_rng(0).standard_normal((12, 4))
    found = measure(np.zeros((12, 14)), values, np.array([0, 6, 12]), np.ones(12, bool))
    assert found.shares == (0.0,) * 4 and not np.any(found.transition)
    assert np.isfinite(draw(found, 5, (1,))).all()


def test_numbers_that_are_no_covariance_are_refused() -> None:
    broken = VARIATION.model_copy(update={"shares": (5.0, 0.0, 0.0, 0.0)})
    with pytest.raises(TtsError, match="no covariances"):
        draw(broken, 3, (1,))


@pytest.mark.parametrize("wrong", [1e9, -17.0, float("nan"), float("inf")])
def test_no_configuration_asks_for_wild_departures(wrong: float) -> None:
    rows = tuple(tuple(row) for row in np.where(np.eye(4) > 0.0, wrong, COVARIANCE).tolist())
    with pytest.raises(ValidationError):
        VariationConfig(covariance=rows, shares=VARIATION.shares, transition=VARIATION.transition)
    with pytest.raises(ValidationError):
        VariationConfig(covariance=VARIATION.covariance, shares=(wrong,) * 4, transition=VARIATION.transition)


def test_no_phone_departs_without_bound() -> None:
    """Not where a transition grows from phone to phone, nor where a network was far off in what it was measured by."""
    tiny = 1e-20 * np.eye(4)
    growing = VariationConfig.model_validate(
        {"covariance": tiny.tolist(), "shares": (0.0,) * 4, "transition": (1e6 * np.eye(4)).tolist()}
    )
    with np.errstate(all="raise"):
        assert np.abs(draw(growing, 200, (1,))).max() <= 4.0
    far = np.random.default_rng(0).standard_cauchy((300, 4)) * 1e4
    measured = measure(np.zeros((300, 14)), far, np.array([0, 150, 300]), np.ones(300, bool))
    assert np.abs(measured.covariance).max() <= 16.0


@pytest.mark.parametrize("load", [load_voice, load_speaker])
def test_durations_that_are_no_numbers_are_refused(folder: Path, load: type) -> None:
    voice = load(folder, "cpu")
    with pytest.raises(TtsError, match="the voice is damaged"):
        voice.frames_of(np.full((3, voice.states), np.nan), 0)


def test_lengths_keep_their_mean_and_values_theirs() -> None:
    head = np.tile(head_of(np.zeros(4), COVARIANCE / 2.0), (30, 1))
    scale = np.array([0.5, 1.0, 1.0, 1.0])
    made = [deviations(VARIATION, head, scale, Take(draw(VARIATION, 30, (n,)), 0.7)) for n in range(1500)]
    assert np.mean([take.lengths for take in made]) == pytest.approx(1.0, abs=0.01)
    values = np.concatenate([take.values for take in made])
    inverse = np.linalg.inv(whitening(head[:1], 4)[0])
    np.testing.assert_allclose(values.T @ values / len(values), 0.49 * inverse @ COVARIANCE @ inverse.T, atol=0.03)
    np.testing.assert_array_equal(made[0].of(["phone_energy"])[:, 0], made[0].values[:, 3].astype(np.float32))
    assert made[0].of(["phone_f0", "phone_energy"]).shape == (30, 3) and made[0].of([]).shape == (30, 0)
    with pytest.raises(TtsError, match="word_prominence is no part of"):
        made[0].of(["word_prominence"])


def varying(config: VoiceConfig) -> VoiceConfig:
    """The configuration of a voice that reads the prosody of phones and knows their distribution."""
    streams = (*config.streams, Stream("phone_f0", 2), Stream("phone_energy", 1), STREAM)
    uses = {name: TaskUse() for name in ("phone_f0", "phone_energy", PHONE_PROSODY)}
    duration = config.duration.model_copy(update={"tasks": {**config.duration.tasks, **uses}})
    changes = {"streams": streams, "duration": duration, "prosody": ("phone_f0", "phone_energy"), "variation": VARIATION}
    return config.model_copy(update=changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voice that knows how takes vary, its weights drawn at random but for those that an old voice has."""
    old, path = load_voice(OLD, "cpu"), tmp_path_factory.mktemp("varying") / "voice"
    config = varying(old.config)
    torch.manual_seed(0)
    stack, duration = make_networks(config)
    ends = load_tensors(OLD / "model.safetensors")[0]
    own = stack.state_dict()
    own |= {name: tensor for name, tensor in ends.items() if own[name].shape == tensor.shape}
    stack.load_state_dict(own)
    duration.load_state_dict({**duration.state_dict(), **load_tensors(OLD / "duration.safetensors")[0]})
    statistics = {**old.statistics, PHONE_PROSODY: StreamStatistics(np.zeros(4), np.array([0.3, 0.02, 0.3, 0.5]), np.ones(4))}
    save_voice(path, Voice(config, stack, duration, statistics, torch.device("cpu")), "# Card\n")
    return path


def test_takes_are_the_same_by_numpy_and_by_torch(folder: Path) -> None:
    by_torch, plain = load_voice(folder, "cpu"), load_speaker(folder, "cpu")
    assert isinstance(plain, PlainVoice) and plain.variation == VARIATION == read_config(folder).variation
    sentence = plain.engine.sentence(TEXT)
    take = Take(draw(VARIATION, len(sentence.segments), (1,)), 1.0)
    frames = [voice.durations([sentence], takes=[take])[0] for voice in (by_torch, plain)]
    np.testing.assert_allclose(frames[1], frames[0], rtol=1e-4)
    assert np.abs(frames[0] - by_torch.durations([sentence])[0]).max() > 1.0
    whole = [whole_durations(frames[0])]
    ours, theirs = (voice.acoustics([sentence], whole, takes=[take])[0] for voice in (plain, by_torch))
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-3, atol=1e-3 * np.abs(values).max())
    assert np.abs(theirs["lf0"] - by_torch.acoustics([sentence], whole)[0]["lf0"]).max() > 1e-3


@pytest.mark.parametrize("load", [load_voice, load_speaker])
def test_without_temperature_no_bit_differs(folder: Path, load: type) -> None:
    voice = load(folder, "cpu")
    sentence = voice.engine.sentence(TEXT)
    still = [Take(draw(VARIATION, len(sentence.segments), (1,)), 0.0)]
    frames = voice.durations([sentence])
    np.testing.assert_array_equal(voice.durations([sentence], takes=still)[0], frames[0])
    np.testing.assert_array_equal(voice.durations([sentence], takes=[None])[0], frames[0])
    whole = [whole_durations(frames[0])]
    for name, values in voice.acoustics([sentence], whole)[0].items():
        np.testing.assert_array_equal(voice.acoustics([sentence], whole, takes=still)[0][name], values)


def test_a_take_depends_on_text_seed_and_temperature_alone(folder: Path, tmp_path: Path) -> None:
    lively = Request("a", "No. No.", temperature=1.0)
    with Synthesiser(load_speaker(folder, "cpu")) as synthesiser:
        spoken = {
            name: next(synthesiser.speak([request])).signal
            for name, request in {
                "first": lively,
                "again": replace(lively, id="b"),
                "mean": replace(lively, temperature=0.0),
                "seed": replace(lively, seed=1),
            }.items()
        }
        together = list(synthesiser.speak([Request("c", TEXT, temperature=0.5), replace(lively, id="d")]))[1]
        np.testing.assert_array_equal(spoken["first"], spoken["again"])
        np.testing.assert_array_equal(spoken["first"], together.signal)
        lengths = [sum(alignment.durations.sum() for alignment in together.alignments[n : n + 1]) for n in (0, 1)]
        assert lengths[0] != lengths[1]  # the same sentence twice in a text is not said alike twice
        others = [spoken["mean"], spoken["seed"]]
        assert all(len(one) != len(spoken["first"]) or (one != spoken["first"]).any() for one in others)

        requests = [Request("x", "No.", temperature=1.0, seed=3), Request("y", "Yes.", temperature=1.0)]
        speak_to_folder(synthesiser, requests, tmp_path / "out", voice="v")
        first = (tmp_path / "out" / "x.wav").read_bytes()
        (tmp_path / "out" / "x.wav").unlink()
        report = speak_to_folder(synthesiser, requests, tmp_path / "out", voice="v", resume=True)
        assert (report.spoken, report.skipped) == (1, 1) and (tmp_path / "out" / "x.wav").read_bytes() == first
        manifest = (tmp_path / "out" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
        assert '"temperature": 1.0' in manifest[0] and '"seed": 3' in manifest[0] and "seed" not in manifest[1]
        with pytest.raises(UsageError, match="temperature"):
            speak_to_folder(synthesiser, [replace(requests[0], temperature=0.5)], tmp_path / "out", voice="v", resume=True)


def test_a_voice_that_knows_no_distribution_says_so(tmp_path: Path) -> None:
    voice, request = load_speaker(OLD, "cpu"), Request("a", "No.", temperature=0.5, place="a.txt:1")
    with pytest.raises(UsageError, match=r"a\.txt:1: temperature: the voice knows no distribution"):
        check_speakers([request], voice)
    with Synthesiser(FakeVoice()) as synthesiser, pytest.raises(TtsError, match="knows no distribution"):
        list(synthesiser.speak([request]))
    sentence = voice.engine.sentence("No.")
    with pytest.raises(UsageError, match="knows no distribution"):
        load_voice(OLD, "cpu").durations([sentence], takes=[Take(np.zeros((len(sentence.segments), 4)), 1.0)])
    assert DURATION in voice.config.phone_tasks and PHONE_PROSODY not in voice.config.phone_tasks


def test_a_seed_without_a_temperature_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would change nothing: every take at temperature 0 is the same."""
    monkeypatch.setattr("sys.argv", ["tts", "speak", str(OLD), "--text", "No.", "--out", str(tmp_path / "out"), "--seed", "2"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2 and "--seed: says which take is drawn" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_may_be_asked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "a", "text": "A.", "temperature": 0.5, "seed": 7}\n{"id": "b", "text": "B."}\n', encoding="utf-8")
    first, second = read_requests([path], temperature=1.0)
    assert (first.temperature, first.seed, second.temperature, second.seed) == (0.5, 7, 1.0, 0)
    for wrong, match in (('"seed": 1.5', "seed must be a whole number"), ('"temperature": 2', "outside 0..1.5")):
        path.write_text(f'{{"text": "A.", {wrong}}}\n', encoding="utf-8")
        with pytest.raises(UsageError, match=match):
            read_requests([path])
    path.write_text('{"text": "A.", "seed": 2}\n{"text": "B.", "seed": 2, "temperature": 0.5}\n', encoding="utf-8")
    for temperature, lines in ((1.0, 0), (0.0, 1)):
        caplog.clear()
        read_requests([path], temperature=temperature)
        assert len(caplog.messages) == lines
    assert "a.jsonl:1: the key seed says which take is drawn" in caplog.text and "(lines so: 1)" in caplog.text
    with pytest.raises(UsageError, match="seed -1 is outside"):
        Request("a", "A.", seed=-1)
