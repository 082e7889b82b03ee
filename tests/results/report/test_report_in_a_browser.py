"""The report in a real browser, at the width of a phone and of a desk: it renders, sorts, filters and does no harm."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from keras_search import results
from keras_search.results import plots, report
from tests.results.made_run import make_run, random_trials
from tests.results.projects import metrics, write_trial
from tests.results.report.browser import Opened

WIDTHS = (390, 1280)
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</script><script>alert(2)</script>")


def no_model(run: results.Run) -> plots.Predictions:
    raise results.RunError("no model")


def written(run: results.Run) -> Path:
    path = run.path / "report.html"
    path.write_text(report.html(run, report.draw(run, no_model)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> results.Run:
    found = make_run(tmp_path_factory.mktemp("made") / "run", random_trials(40))
    written(found)
    return found


@pytest.fixture(scope="module")
def path(run: results.Run) -> Path:
    return run.path / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_renders(opened: Callable[..., Opened], path: Path, width: int, scheme: str) -> None:
    found = opened(path, width, color_scheme=scheme)
    assert "Not tested yet" in found.page.locator("h1").inner_text()
    pictures = found.page.locator("img")
    assert pictures.count() == 6
    assert all(pictures.evaluate_all("pictures => pictures.map((one) => one.complete && one.naturalWidth > 500)"))
    assert found.is_as_wide_as_its_window()
    assert len(found.column("trial")) == 40
    assert found.page.locator(".printed").is_hidden()
    paper = found.page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(paper.removeprefix("rgb(").split(",")[0])
    assert red > 200 if scheme == "light" else red < 50
    assert found.said == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_sorts(opened: Callable[..., Opened], path: Path, run: results.Run, width: int) -> None:
    found = opened(path, width)
    trials = run.trials
    assert found.heading("score").get_attribute("aria-sort") == "descending"
    assert found.column("trial")[0] == run.best["trial_id"]

    values = dict(zip(trials["trial_id"], trials["score"]))
    known = sorted((trial for trial in values if not math.isnan(values[trial])), key=values.get)
    unknown = [trial for trial in values if math.isnan(values[trial])]
    assert found.sort("score") == "ascending"
    assert found.column("trial")[: len(known)] == known
    assert sorted(found.column("trial")[len(known) :]) == unknown
    assert found.sort("score") == "descending"
    assert found.column("trial")[: len(known)] == known[::-1]
    assert sorted(found.column("trial")[len(known) :]) == unknown, "what is not known comes last in both directions"

    # Numbers as numbers: 10,000 comes after 9,000, and 1e-5 before 0.1.
    assert found.sort("parameters") == "ascending"
    assert found.column("parameters") == [f"{1000 * number:,}" for number in range(1, 41)]
    assert found.heading("score").get_attribute("aria-sort") == "none"
    assert found.sort("rate") == "ascending"
    assert found.column("trial") == trials.sort_values("hp_rate")["trial_id"].tolist()
    assert found.sort("optimizer") == "ascending"
    assert found.column("optimizer") == sorted(trials["hp_optimizer"])

    found.heading("trial").get_by_role("button").focus()
    found.page.keyboard.press("Enter")
    assert found.column("trial") == trials["trial_id"].tolist()
    found.page.keyboard.press("Space")
    assert found.column("trial") == trials["trial_id"].tolist()[::-1]
    assert found.said == []


def hints(opened: Opened) -> dict[str, tuple[bool, bool, bool]]:
    """By what is wider than a phone, whether it does not fit, says so, and fades at its right edge."""
    parts = opened.page.locator(".sideways").evaluate_all(
        """parts => parts.map((part) => {
            const inner = part.querySelector(".scroll, .picture, pre");
            const hint = part.querySelector(".hint");
            const name = inner.getAttribute("aria-label") ?? inner.querySelector("img, code").alt ?? "code";
            const fades = getComputedStyle(part, "::after").content !== "none";
            return [name, inner.scrollWidth > inner.clientWidth + 1, hint === null || hint.offsetHeight > 0, fades];
        })"""
    )
    return {name: (is_wider, says_so, fades) for name, is_wider, says_so, fades in parts}


def test_on_a_phone_what_goes_on_sideways_says_so(opened: Callable[..., Opened], path: Path) -> None:
    phone = opened(path, 360)
    found = hints(phone)
    plots = [name for name in found if name.startswith(("Plot", "Learning", "Parallel", "Bars"))]
    assert len(plots) >= 4
    assert all(found[name] == (True, True, True) for name in [*plots, "Table of trials"])
    assert all(fades == is_wider for is_wider, _, fades in found.values())
    phone.page.locator(".scroll .trials").evaluate("table => table.parentElement.scrollLeft = 10000")
    # No `wait_for_function`, whose text the page's Content-Security-Policy does not let it evaluate.
    expect(phone.page.locator("#trials .more")).to_have_count(0)
    assert hints(phone)["Table of trials"] == (True, True, False), "all of it has been seen"
    desk = hints(opened(path, 1280))
    assert all((is_wider, says_so, fades) == (False, False, False) for is_wider, says_so, fades in map(desk.get, plots))


def test_without_scripts_a_phone_has_the_words_alone(opened: Callable[..., Opened], path: Path) -> None:
    found = hints(opened(path, 360, java_script_enabled=False))
    assert all(says_so for _, says_so, _ in found.values())


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_filters(opened: Callable[..., Opened], path: Path, run: results.Run, width: int) -> None:
    found = opened(path, width)
    words, status = found.page.get_by_label("Filter"), found.page.get_by_label("Status")
    assert found.count() == "40 of 40"
    words.fill("ADAM true")
    expected = run.trials[(run.trials["hp_optimizer"] == "adam") & run.trials["hp_norm"].eq(True)]
    assert 0 < len(expected) < 40
    assert sorted(found.column("trial")) == sorted(expected["trial_id"])
    assert found.count() == f"{len(expected)} of 40"
    assert found.sort("rate") == "ascending"
    assert found.column("trial") == expected.sort_values("hp_rate")["trial_id"].tolist()
    words.fill("")
    status.select_option("failed")
    assert sorted(found.column("trial")) == ["0009", "0019", "0029", "0039"]
    words.fill("no such thing")
    assert found.column("trial") == []
    assert found.count() == "0 of 40"
    assert found.said == []


def test_it_prints_without_what_paper_cannot_do(opened: Callable[..., Opened], path: Path, tmp_path: Path) -> None:
    found = opened(path, 1280, color_scheme="dark")
    found.page.emulate_media(media="print")
    assert found.page.locator(".trials").is_hidden()
    assert found.page.get_by_label("Filter").is_hidden()
    assert found.page.locator(".printed tbody tr").count() == 40
    assert found.page.locator(".printed").is_visible()
    assert found.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert found.page.pdf(path=tmp_path / "page.pdf").startswith(b"%PDF")
    assert found.said == []


def test_without_scripts_it_is_still_whole(opened: Callable[..., Opened], path: Path) -> None:
    found = opened(path, 1280, java_script_enabled=False)
    assert found.page.locator(".trials tbody tr").count() == 40
    assert found.page.locator(".trials").is_visible()
    assert found.page.get_by_label("Filter").is_hidden()


def test_code_is_copied(opened: Callable[..., Opened], path: Path) -> None:
    found = opened(path, 1280, permissions=["clipboard-read", "clipboard-write"])
    found.page.locator("#best .code button").click()
    found.page.get_by_text("Copied").wait_for()
    assert "hp.values = {" in found.page.evaluate("navigator.clipboard.readText()")
    assert found.said == []


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on a project whose every text is an attack."""
    script, image, end = HOSTILE
    folder = tmp_path_factory.mktemp("hostile") / image.replace("/", "|")
    for number in range(3):
        found = metrics(val_accuracy=number / 10, **{script: number})
        values = {script: HOSTILE[number], image: number, end: "x" * 400}
        write_trial(folder, str(number), score=number / 10, metrics=found, hyperparameters={"values": values})
    write_trial(folder, "3", score=None, status="FAILED", message=f"ValueError: {script}{image}", metrics=metrics())
    write_trial(folder, "&lt;b&gt;", score=None, status=image, metrics=metrics())
    return written(results.read(folder))


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_names_are_shown_and_do_nothing(opened: Callable[..., Opened], hostile: Path, width: int) -> None:
    script, image, _ = HOSTILE
    found = opened(hostile, width)
    words, status = found.page.get_by_label("Filter"), found.page.get_by_label("Status")
    assert found.page.locator(".run").inner_text() == hostile.parent.name
    assert found.page.title() == f"{hostile.parent.name}: report"
    assert sorted(found.column(script)) == sorted(["", "", *HOSTILE])
    assert found.column(image)[:3] == ["2", "1", "0"]
    assert "&lt;b&gt;" in found.column("trial")
    assert f"ValueError: {script}{image}" in found.column("error")
    assert repr(script) in found.page.locator("#best pre").inner_text()
    assert found.sort(script) == "ascending"
    words.fill(script)
    assert found.column("trial") == ["0", "3"]
    words.fill("")
    status.select_option(image)
    assert found.column("trial") == ["&lt;b&gt;"]
    assert found.is_as_wide_as_its_window()
    assert found.page.evaluate("document.scripts.length") == 1
    assert found.said == []


@pytest.mark.slow
@pytest.mark.parametrize("count", [1_100, 10_000])
def test_thousands_of_trials_sort_and_filter_at_once(opened: Callable[..., Opened], tmp_path: Path, count: int) -> None:
    run = make_run(tmp_path / "run", random_trials(count))
    path = run.path / "report.html"
    path.write_text(report.html(run, report.Pictures([], {}, [])), encoding="utf-8")
    found = opened(path, 1280)
    assert found.count() == f"{count:,} of {count:,}, the first 1,000 shown"
    began = time.monotonic()
    assert found.sort("rate") == "ascending"
    # Of 10,000, half a second on a quiet machine; seconds, were they all laid out.
    assert time.monotonic() - began < 3
    expected = run.trials.sort_values("hp_rate")["trial_id"].tolist()
    assert found.column("trial") == expected[:1000]
    found.page.get_by_role("button", name="Show all").click()
    assert found.column("trial") == expected
    assert found.count() == f"{count:,} of {count:,}"
    assert found.said == []
