"""The page in a real browser, from disk, by keyboard alone: locked until heard, resumed after a reload, saved as CSV."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browser_fixture import complaints, open_page, requests
from listening_sounds import write_recordings

from tts.listening.design import DesignOptions, design_test
from tts.listening.page import OpinionTable, write_page
from tts.listening.responses import read_results

SYSTEMS = ["natural", "singletask", "multitask"]
PAGE_DOWN, PAGE_UP, TAB, SPACE = "\ue00f", "\ue00e", "\ue004", " "


class Listener:
    """Someone at the keyboard."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def press(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.browser).send_keys(*keys).perform()

    def see(self, selector: str) -> list[Any]:
        return list(self.browser.find_elements("css selector", selector))

    def ask(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(f"return {script}", *arguments)

    def until(self, condition: Callable[[], Any], seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited in vain; the page shows {self.ask('document.body.innerText')!r}"
            time.sleep(0.02)

    def tab_to(self, selector: str) -> None:
        for _ in range(30):
            if self.ask("document.activeElement.matches(arguments[0])", selector):
                return
            self.press(TAB)
        raise AssertionError(f"Tab never reached {selector}")

    def can_go_on(self) -> bool:
        return bool(self.ask("!document.querySelector('.next').disabled"))

    def hear(self, keys: str) -> None:
        for count, key in enumerate(keys, 1):
            self.press(key)
            self.until(lambda count=count: len(self.see(".play.heard")) == count)

    @property
    def heading(self) -> str:
        return str(self.see("h1")[0].text)

    @property
    def place(self) -> str:
        return str(self.see(".place")[0].text)

    def begin(self) -> None:
        """Agree, set the volume, and hear the examples."""
        assert not self.can_go_on()
        self.tab_to("#consent")
        self.press(SPACE)
        self.tab_to(".next")
        self.press(SPACE)
        assert self.heading == "Set the volume"
        self.press("a")
        self.until(self.can_go_on)
        self.press("n")
        self.hear("abcdefgh"[: len(self.see(".play"))])
        self.until(self.can_go_on)
        self.press("n")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    recordings = write_recordings(tmp_path / "wavs", SYSTEMS, 2)
    page = tmp_path / "page.html"
    write_page(design_test(recordings, DesignOptions(reference="natural", title="Which is better?")), page)
    return page


@pytest.fixture
def listener(browser: Any, page: Path, tmp_path: Path) -> Iterator[Listener]:
    folder = str(tmp_path / "saved")
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": folder})
    open_page(browser, page)
    yield Listener(browser)
    browser.execute_script("localStorage.clear()")


@pytest.mark.slow
def test_a_whole_test_by_keyboard(listener: Listener, tmp_path: Path) -> None:
    listener.begin()
    texts = []

    assert listener.heading == "Part 1 of 3: Rating one at a time"
    listener.press("n")
    for number in range(1, 7):
        assert listener.place == f"Rating one at a time: {number} of 6"
        listener.press("5")
        assert not listener.see("input:checked:not(#shortcuts)"), "no rating before hearing"
        assert all(not radio.is_enabled() for radio in listener.see("main input"))
        listener.hear("a")
        texts.append(listener.ask("document.querySelector('main').outerHTML"))
        listener.press("4")
        if number == 3:
            listener.browser.refresh()
            assert listener.place == "Rating one at a time: 3 of 6"
            assert listener.see(".status")[0].text == "Welcome back: the test goes on where you left it."
            assert not listener.can_go_on()
            listener.hear("a")
            listener.press("2")
        listener.until(listener.can_go_on)
        listener.press("n")

    listener.press("n")
    for _ in range(2):
        listener.press("a")
        listener.until(lambda: len(listener.see(".play.heard")) == 1)
        assert not listener.see("main input:enabled"), "both are heard before a choice"
        listener.press("b")
        listener.until(lambda: listener.see("main input:enabled"))
        texts.append(listener.ask("document.querySelector('main').outerHTML"))
        listener.press("1")
        listener.tab_to("summary")
        listener.press(SPACE, TAB, "second, n")
        assert listener.see("textarea")[0].get_attribute("value") == "second, n", "letters are no shortcuts while typing"
        listener.tab_to(".next")
        listener.press(SPACE)

    listener.press("n")
    for _ in range(2):
        assert not listener.see("main input[type=range]:enabled")
        listener.hear("rabcd")
        assert [play.get_attribute("aria-pressed") for play in listener.see(".play")] == ["false"] * 4 + ["true"], (
            "one at a time"
        )
        texts.append(listener.ask("document.querySelector('main').outerHTML"))
        for slider in range(4):
            assert not listener.can_go_on(), "every version is rated"
            listener.tab_to(f".row:nth-child({slider + 2}) input")
            listener.press(*[PAGE_UP] * (slider + 1))
        listener.until(listener.can_go_on)
        assert [score.text for score in listener.see(".score")] == ["60", "70", "80", "90"]
        listener.press("n")

    assert listener.heading == "Thank you!"
    for text in texts:
        assert not any(word in text for word in [*SYSTEMS[1:], "anchor", "utt0", "utt1", "s00"])
    for button in range(3):
        listener.tab_to(f".save:nth-child({button + 1})")
        listener.press(SPACE)
    saved = tmp_path / "saved"
    listener.until(lambda: len(list(saved.glob("*.csv"))) == 3)
    check_saved(sorted(saved.glob("*.csv")))
    assert complaints(listener.browser) == []
    assert {address.split(":")[0] for address in requests(listener.browser)} == {"file"}


def check_saved(paths: list[Path]) -> None:
    assert [path.name.split("_", 2)[2] for path in paths] == ["lss.csv", "mushra.csv", "paired_comparison.csv"]
    found = read_results(paths)
    mos, mushra = found.of("mos"), found.of("mushra")
    assert Counter((one.system, one.sentence) for one in mos) == Counter((s, u) for s in SYSTEMS for u in ("utt0", "utt1"))
    assert sorted(one.score for one in mos) == [2.0, 4.0, 4.0, 4.0, 4.0, 4.0]
    assert {one.system for one in mushra} == {"reference", "anchor35", "singletask", "multitask"}
    assert sorted(one.score for one in mushra) == sorted([60.0, 70.0, 80.0, 90.0] * 2)
    assert {(one.sentence, one.chosen == one.first) for one in found.preferences} == {("utt0", True), ("utt1", True)}
    assert len({one.first for one in found.preferences}) == 2, "for one of two sentences the other system comes first"
    assert len({answer.listener for answer in (*found.ratings, *found.preferences)}) == 1
    assert "second, n" in paths[2].read_text()


def test_orders_are_balanced(listener: Listener) -> None:
    test = """(() => { const test = JSON.parse(document.getElementById('test').textContent);
      return [test.trials, Array.from({length: 24}, (_, i) => listeningOrder.plan(test, i + 1, 'some'))]; })()"""
    trials, plans = listener.ask(test)
    places = Counter((place, name) for plan in plans for task in plan["mushra"] for place, name in enumerate(task["stimuli"]))
    assert set(places.values()) == {6}, "every stimulus stands in every place equally often"
    neighbours = Counter(pair for plan in plans for task in plan["mushra"] for pair in pairwise(task["stimuli"]))
    assert set(neighbours.values()) == {6}, "and after every other one"
    assert set(Counter(task["stimuli"][0] for plan in plans for task in plan["ab"]).values()) == {12}
    for plan in plans:
        assert Counter(task["stimuli"][0] for task in plan["mos"]) == Counter(
            name for trial in trials["mos"] for name in trial["stimuli"]
        )
        items = [task["item"] for task in plan["mos"]]
        assert all(a != b for a, b in pairwise(items)), "no sentence twice in a row"
    thirds = Counter((index // 2, task["stimuli"][0]) for plan in plans for index, task in enumerate(plan["mos"]))
    assert set(thirds.values()) == {8}, "every system is heard early, in the middle and late equally often"
    first = Counter(plan["mushra"][0]["item"] for plan in plans)
    assert min(first.values()) >= 5, "sentences come in every order"
    squares = listener.ask("[4, 5].map(n => Array.from({length: 2 * n}, (_, row) => listeningOrder.squareRow(n, row)))")
    for size, rows in zip((4, 5), squares, strict=True):
        assert all(sorted(row) == list(range(size)) for row in rows)
        assert set(Counter(pair for row in rows for pair in pairwise(row)).values()) == {2}


def test_a_minimum_listening_time_and_a_listener_number(browser: Any, tmp_path: Path) -> None:
    recordings = write_recordings(tmp_path / "wavs", ["one", "two"], 1, seconds=30.0)
    write_page(design_test(recordings, DesignOptions(kinds=("ab",), fields=(), minimum=0.2)), tmp_path / "page.html")
    open_page(browser, tmp_path / "page.html")
    listener = Listener(browser)
    listener.tab_to("#listener")
    listener.press("7")
    listener.begin()
    assert '"number":7' in listener.ask("localStorage.getItem(Object.keys(localStorage)[0])")
    listener.press("n")
    assert "for 0.2 s" in listener.see(".hint")[0].text
    started = time.monotonic()
    listener.hear("ab")
    assert time.monotonic() - started < 30.0, "less than one recording was heard"
    browser.execute_script("localStorage.clear()")


def test_opinions_of_models_open_when_every_answer_is_saved(browser: Any, tmp_path: Path) -> None:
    recordings = write_recordings(tmp_path / "wavs", ["one", "two"], 1, seconds=30.0)
    opinions = OpinionTable(
        ("", "DistillMOS"), (("one", "4.03 [3.9, 4.1]"), ("two", "2.04 [1.9, 2.1]")), "Models <b>rated</b>."
    )
    design = design_test(recordings, DesignOptions(kinds=("mos", "ab"), fields=(), minimum=0.2))
    write_page(design, tmp_path / "page.html", opinions)
    assert "4.03" not in (tmp_path / "page.html").read_text(encoding="utf-8"), "nor does a look at the source tell"
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path / "saved")})
    open_page(browser, tmp_path / "page.html")
    listener = Listener(browser)
    listener.begin()
    listener.press("n")
    for _ in range(2):
        listener.hear("a")
        listener.press("3", "n")
    listener.press("n")
    listener.hear("ab")
    assert not listener.see(".opinions")
    listener.press("1", "n")
    assert listener.heading == "Thank you!"
    shown = listener.see(".opinions")[0]
    for button in range(2):
        assert not shown.is_displayed()
        listener.tab_to(f".save:nth-child({button + 1})")
        listener.press(SPACE)
    assert shown.is_displayed()
    listener.tab_to(".opinions summary")
    listener.press(SPACE)
    assert shown.text.splitlines()[1:] == ["Models <b>rated</b>.", "DistillMOS", "one 4.03 [3.9, 4.1]", "two 2.04 [1.9, 2.1]"]
    assert complaints(browser) == []
    browser.execute_script("localStorage.clear()")


def test_shortcuts_can_be_switched_off(listener: Listener) -> None:
    listener.tab_to(".help summary")
    listener.press(SPACE)
    listener.tab_to("#shortcuts")
    listener.press(SPACE)
    listener.tab_to("#consent")
    listener.press(SPACE, "n")
    assert listener.heading == "Which is better?"


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wider_than_a_phone(listener: Listener, page: Path, dark: bool) -> None:
    open_page(listener.browser, page, dark=dark)
    size = {"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": True}
    listener.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        assert listener.ask("document.documentElement.scrollWidth") <= 320
        shade = "getComputedStyle(document.body).backgroundColor"
        assert listener.ask(shade) == ("rgb(20, 22, 26)" if dark else "rgb(246, 245, 242)")
    finally:
        listener.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
