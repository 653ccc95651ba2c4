"""The page in a real browser: quiet, offline, usable by keyboard, readable in light and dark, narrow and without scripts."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browser_fixture import complaints, open_page, requests
from synthetic_results import synthetic_results

from tts.comparison.report import write_report
from tts.comparison.results import Results
from tts.comparison.verdicts import Verdict


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparison")
    return write_report(Results.from_dict(synthetic_results(folder, utterances=8, examples=2, systems=4)), folder)


@pytest.fixture(scope="module")
def page(browser: Any, report: Path) -> Any:
    """The report, opened once; its first requests and complaints are checked by the first test."""
    open_page(browser, report)
    return browser


def press(page: Any, *keys: str) -> None:
    from selenium.webdriver import ActionChains

    for key in keys:
        ActionChains(page).send_keys(key).perform()


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_quiet_and_offline(page: Any, report: Path) -> None:
    assert complaints(page) == []
    assert requests(page) == [report.resolve().as_uri()]
    assert (
        page.execute_script("return performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length")
        == 0
    )


def test_policy_stops_what_slips_in(page: Any) -> None:
    page.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.slipped = 1'; document.body.append(s)"
    )
    assert page.execute_script("return window.slipped") is None
    assert any("Content Security Policy" in text for text in complaints(page))


def test_headings_descend_one_by_one(page: Any) -> None:
    levels = page.execute_script("return [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))


def test_controls_are_labelled(page: Any) -> None:
    script = """return [...document.querySelectorAll('input,button,select,audio')]
      .filter(e => !(e.labels?.length && e.labels[0].textContent.trim()) && !e.ariaLabel && !e.textContent.trim()).length"""
    assert page.execute_script(script) == 0


def test_first_tab_stop_skips_to_the_answer(page: Any) -> None:
    from selenium.webdriver import Keys

    page.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    press(page, Keys.TAB)
    assert page.execute_script("return document.activeElement.className") == "skip"
    assert page.execute_script("return document.activeElement.getBoundingClientRect().left") >= 0
    assert page.execute_script("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    press(page, Keys.ENTER)
    assert page.execute_script("return location.hash") == "#answer"


def test_switches_show_and_hide_curves(page: Any) -> None:
    def shown(number: str) -> bool:
        return page.execute_script(
            "return [...document.querySelectorAll(`#curves [data-system='${arguments[0]}']`)]"
            ".some(g => getComputedStyle(g).display !== 'none')",
            number,
        )

    boxes = page.execute_script(
        "return [...document.querySelectorAll('[data-toggle]')].map(b => [b.dataset.toggle, b.checked])"
    )
    assert len(boxes) == 8 and any(checked for _, checked in boxes) and not all(checked for _, checked in boxes)
    for number, checked in boxes:
        assert shown(number) is checked
    number, checked = boxes[0]
    page.execute_script("document.querySelector(`[data-toggle='${arguments[0]}']`).focus()", number)
    press(page, " ")
    assert shown(number) is not checked


def test_arrow_keys_read_the_dots(page: Any) -> None:
    from selenium.webdriver import Keys

    page.execute_script("document.querySelector('svg[data-points]').focus()")
    said = []
    for _ in range(2):
        press(page, Keys.ARROW_RIGHT)
        said.append(page.execute_script("return document.getElementById('said').textContent"))
    assert said[0].startswith("arctic_b") and said[0] != said[1]
    assert page.execute_script("return document.getElementById('tip').hidden") is False
    plots = page.execute_script("return document.querySelectorAll('svg[data-points]').length")
    assert page.execute_script("return document.querySelectorAll('.point.lit').length") == plots  # the same utterance in all
    press(page, Keys.ESCAPE)
    assert page.execute_script("return document.getElementById('tip').hidden") is True


def test_pointing_at_a_dot_names_it(page: Any, report: Path) -> None:
    from selenium.webdriver import ActionChains

    open_page(page, report)  # afresh: nothing focused, nothing scrolled
    dot = page.find_element("css selector", ".point")
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", dot)
    ActionChains(page).move_to_element(dot).perform()
    tip = page.find_element("css selector", "#tip")
    wait_for(lambda: tip.is_displayed() and tip.text.startswith("arctic_b"))


def test_keys_play_and_change_the_voice_in_place(page: Any) -> None:
    def state(script: str) -> Any:
        return page.execute_script(
            f"const a = [...document.querySelectorAll('.player')[0].querySelectorAll('audio')]; return {script}"
        )

    state("a.forEach(x => { x.loop = true; })")  # so that a slow machine does not miss the end
    page.execute_script("document.querySelector('.deck input[type=radio]').focus()")
    press(page, " ")
    wait_for(lambda: state("!a[0].paused && a[0].currentTime > 0.2"))
    assert page.execute_script("return document.querySelector('.deck button').textContent") == "Pause"
    press(page, "3")
    wait_for(lambda: state("!a[2].paused && a[2].currentTime > 0"))
    assert state("a[0].paused")
    press(page, " ")
    wait_for(lambda: state("a.every(x => x.paused)"))
    # Standing still, the place is kept exactly as a share of each voice's length.
    share = state("a[2].currentTime / a[2].duration")
    press(page, "6")
    wait_for(lambda: state("a[5].readyState > 0 && a[5].currentTime > 0"))
    assert state("a[5].currentTime / a[5].duration") == pytest.approx(share, abs=0.01)
    assert state("document.querySelectorAll('.deck input[type=radio]')[5].checked")
    press(page, "0")
    wait_for(lambda: state("a[5].currentTime === 0"))


def test_starting_another_player_stops_the_first(page: Any) -> None:
    page.execute_script("document.querySelectorAll('audio').forEach(a => { a.loop = true; })")
    page.execute_script("document.querySelectorAll('.deck button')[0].focus()")
    press(page, " ")
    wait_for(lambda: page.execute_script("return [...document.querySelectorAll('audio')].filter(a => !a.paused).length") == 1)
    page.execute_script("document.querySelectorAll('.deck button')[1].click()")
    playing = "return [...document.querySelectorAll('.player')].map(p => [...p.querySelectorAll('audio')].some(a => !a.paused))"
    wait_for(lambda: page.execute_script(playing) == [False, True])


CONTRAST = """
const number = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (e) => { for (; e; e = e.parentElement) { const c = number(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0.99) return c; } return [255, 255, 255]; };
return arguments[0].map((selector) => { const e = document.querySelector(selector);
  const style = getComputedStyle(e), [a, b] = [light(number(style[arguments[1]])), light(behind(e))].sort((x, y) => y - x);
  return [selector, (a + 0.05) / (b + 0.05)]; });
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast(browser: Any, report: Path, dark: bool) -> None:
    """WCAG 2.2: 4.5 for text (1.4.3), 3 for what a chart is read by (1.4.11)."""
    open_page(browser, report, dark=dark)
    texts = ["p.lead", ".hint", "caption", "nav a", "td", "thead th", ".verdict.better", ".deck button", ".small", "td small"]
    ratios = browser.execute_script(CONTRAST, texts, "color")
    assert all(ratio >= 4.5 for _, ratio in ratios), ratios
    ticks = browser.execute_script(CONTRAST, [".plot .tick"], "fill")
    assert all(ratio >= 4.5 for _, ratio in ticks), ticks
    lines = browser.execute_script(
        CONTRAST, [f".{c} .line" for c in ("base", "grey", "c1", "c2", "c3", "c4", "c5", "c6")], "stroke"
    )
    assert all(ratio >= 3.0 for _, ratio in lines), lines


def test_narrow_pages_scroll_only_inside_their_tables(browser: Any, report: Path) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        open_page(browser, report)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_longest_verdict_stays_in_its_tile(browser: Any, tmp_path: Path, verdict: Verdict) -> None:
    results = synthetic_results(tmp_path, utterances=8, examples=0)
    for row in results["differences"]:
        row["verdict"] = str(verdict)
    open_page(browser, write_report(Results.from_dict(results), tmp_path))
    width = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    whole, seen = browser.execute_script(width)
    assert whole <= seen
    tiles = "return [...document.querySelectorAll('.tiles > div')].every((tile) => tile.scrollWidth <= tile.clientWidth)"
    assert browser.execute_script(tiles)


def test_everything_to_read_is_there_without_scripts(browser: Any, report: Path) -> None:
    open_page(browser, report, scripts=False)
    try:
        seen = {
            name: browser.find_elements("css selector", name)
            for name in (".sound audio", "#curves .series", ".whiskers", ".js")
        }
        assert all(element.is_displayed() for name in (".sound audio", ".whiskers") for element in seen[name][:4])
        assert seen["#curves .series"] and all(element.is_displayed() for element in seen["#curves .series"][:4])
        assert not any(element.is_displayed() for element in seen[".js"])
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
