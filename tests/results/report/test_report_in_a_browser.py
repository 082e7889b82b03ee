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
    made = make_run(tmp_path_factory.mktemp("made") / "run", random_trials(40))
    written(made)
    return made


@pytest.fixture(scope="module")
def path(run: results.Run) -> Path:
    return run.path / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_renders(opened: Callable[..., Opened], path: Path, width: int, scheme: str) -> None:
    view = opened(path, width, color_scheme=scheme)
    assert "Not tested yet" in view.page.locator("h1").inner_text()
    pictures = view.page.locator("img")
    assert pictures.count() == 6
    assert all(pictures.evaluate_all("pictures => pictures.map((one) => one.complete && one.naturalWidth > 500)"))
    assert view.is_as_wide_as_its_window()
    assert len(view.column("trial")) == 40
    assert view.page.locator(".printed").is_hidden()
    paper = view.page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(paper.removeprefix("rgb(").split(",")[0])
    assert red > 200 if scheme == "light" else red < 50
    assert view.said == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_sorts(opened: Callable[..., Opened], path: Path, run: results.Run, width: int) -> None:
    view = opened(path, width)
    trials = run.trials
    assert view.heading("score").get_attribute("aria-sort") == "descending"
    assert view.column("trial")[0] == run.best["trial_id"]

    values = dict(zip(trials["trial_id"], trials["score"]))
    known = sorted((trial for trial in values if not math.isnan(values[trial])), key=values.get)
    unknown = [trial for trial in values if math.isnan(values[trial])]
    assert view.sort("score") == "ascending"
    assert view.column("trial")[: len(known)] == known
    assert sorted(view.column("trial")[len(known) :]) == unknown
    assert view.sort("score") == "descending"
    assert view.column("trial")[: len(known)] == known[::-1]
    assert sorted(view.column("trial")[len(known) :]) == unknown, "what is not known comes last in both directions"

    # Numbers as numbers: 10,000 comes after 9,000, and 1e-5 before 0.1.
    assert view.sort("parameters") == "ascending"
    assert view.column("parameters") == [f"{1000 * number:,}" for number in range(1, 41)]
    assert view.heading("score").get_attribute("aria-sort") == "none"
    assert view.sort("rate") == "ascending"
    assert view.column("trial") == trials.sort_values("hp_rate")["trial_id"].tolist()
    assert view.sort("optimizer") == "ascending"
    assert view.column("optimizer") == sorted(trials["hp_optimizer"])

    view.heading("trial").get_by_role("button").focus()
    view.page.keyboard.press("Enter")
    assert view.column("trial") == trials["trial_id"].tolist()
    view.page.keyboard.press("Space")
    assert view.column("trial") == trials["trial_id"].tolist()[::-1]
    assert view.said == []


def hints(opened: Opened) -> dict[str, tuple[bool, bool, bool]]:
    """For each part that may be wider than a phone, whether it is, whether it says so, and whether its edge fades."""
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
    parts = hints(phone)
    plots = [name for name in parts if name.startswith(("Plot", "Learning", "Parallel", "Bars"))]
    assert len(plots) >= 4
    assert all(parts[name] == (True, True, True) for name in [*plots, "Table of trials"])
    assert all(fades == is_wider for is_wider, _, fades in parts.values())
    phone.page.locator(".scroll .trials").evaluate("table => table.parentElement.scrollLeft = 10000")
    # Not `wait_for_function`: the page's Content-Security-Policy forbids to evaluate its text.
    expect(phone.page.locator("#trials .more")).to_have_count(0)
    assert hints(phone)["Table of trials"] == (True, True, False), "all of it has been seen"
    desk = hints(opened(path, 1280))
    assert all((is_wider, says_so, fades) == (False, False, False) for is_wider, says_so, fades in map(desk.get, plots))


def test_without_scripts_a_phone_has_the_words_alone(opened: Callable[..., Opened], path: Path) -> None:
    parts = hints(opened(path, 360, java_script_enabled=False))
    assert all(says_so for _, says_so, _ in parts.values())


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_filters(opened: Callable[..., Opened], path: Path, run: results.Run, width: int) -> None:
    view = opened(path, width)
    words, status = view.page.get_by_label("Filter"), view.page.get_by_label("Status")
    assert view.count() == "40 of 40"
    words.fill("ADAM true")
    expected = run.trials[(run.trials["hp_optimizer"] == "adam") & run.trials["hp_norm"].eq(True)]
    assert 0 < len(expected) < 40
    assert sorted(view.column("trial")) == sorted(expected["trial_id"])
    assert view.count() == f"{len(expected)} of 40"
    assert view.sort("rate") == "ascending"
    assert view.column("trial") == expected.sort_values("hp_rate")["trial_id"].tolist()
    words.fill("")
    status.select_option("failed")
    assert sorted(view.column("trial")) == ["0009", "0019", "0029", "0039"]
    words.fill("no such thing")
    assert view.column("trial") == []
    assert view.count() == "0 of 40"
    assert view.said == []


def test_it_prints_without_what_paper_cannot_do(opened: Callable[..., Opened], path: Path, tmp_path: Path) -> None:
    view = opened(path, 1280, color_scheme="dark")
    view.page.emulate_media(media="print")
    assert view.page.locator(".trials").is_hidden()
    assert view.page.get_by_label("Filter").is_hidden()
    assert view.page.locator(".printed tbody tr").count() == 40
    assert view.page.locator(".printed").is_visible()
    assert view.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert view.page.pdf(path=tmp_path / "page.pdf").startswith(b"%PDF")
    assert view.said == []


def test_without_scripts_it_is_still_whole(opened: Callable[..., Opened], path: Path) -> None:
    view = opened(path, 1280, java_script_enabled=False)
    assert view.page.locator(".trials tbody tr").count() == 40
    assert view.page.locator(".trials").is_visible()
    assert view.page.get_by_label("Filter").is_hidden()


def test_code_is_copied(opened: Callable[..., Opened], path: Path) -> None:
    view = opened(path, 1280, permissions=["clipboard-read", "clipboard-write"])
    view.page.locator("#best .code button").click()
    view.page.get_by_text("Copied").wait_for()
    assert "hp.values = {" in view.page.evaluate("navigator.clipboard.readText()")
    assert view.said == []


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on a project whose every text is an attack."""
    script, image, end = HOSTILE
    folder = tmp_path_factory.mktemp("hostile") / image.replace("/", "|")
    for number in range(3):
        measured = metrics(val_accuracy=number / 10, **{script: number})
        values = {script: HOSTILE[number], image: number, end: "x" * 400}
        write_trial(folder, str(number), score=number / 10, metrics=measured, hyperparameters={"values": values})
    write_trial(folder, "3", score=None, status="FAILED", message=f"ValueError: {script}{image}", metrics=metrics())
    write_trial(folder, "&lt;b&gt;", score=None, status=image, metrics=metrics())
    return written(results.read(folder))


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_names_are_shown_and_do_nothing(opened: Callable[..., Opened], hostile: Path, width: int) -> None:
    script, image, _ = HOSTILE
    view = opened(hostile, width)
    words, status = view.page.get_by_label("Filter"), view.page.get_by_label("Status")
    assert view.page.locator(".run").inner_text() == hostile.parent.name
    assert view.page.title() == f"{hostile.parent.name}: report"
    assert sorted(view.column(script)) == sorted(["", "", *HOSTILE])
    assert view.column(image)[:3] == ["2", "1", "0"]
    assert "&lt;b&gt;" in view.column("trial")
    assert f"ValueError: {script}{image}" in view.column("error")
    assert repr(script) in view.page.locator("#best pre").inner_text()
    assert view.sort(script) == "ascending"
    words.fill(script)
    assert view.column("trial") == ["0", "3"]
    words.fill("")
    status.select_option(image)
    assert view.column("trial") == ["&lt;b&gt;"]
    assert view.is_as_wide_as_its_window()
    assert view.page.evaluate("document.scripts.length") == 2, "the page's own, and the data, which are no script"
    assert view.said == []


@pytest.fixture(scope="module")
def thousands(tmp_path_factory: pytest.TempPathFactory) -> results.Run:
    made = make_run(tmp_path_factory.mktemp("thousands") / "run", random_trials(1_100))
    (made.path / "report.html").write_text(report.html(made, report.Pictures([], {}, [])), encoding="utf-8")
    return made


def scroll(view: Opened, share: float) -> None:
    """Scrolls to a place in the table, and waits until the rows there are drawn."""
    table = view.page.locator(".trials")
    table.evaluate(
        "(table, share) => { const box = table.parentElement; box.scrollTop = share * box.scrollHeight; }", share
    )
    table.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 100)))")


def test_rows_are_drawn_as_they_come_into_view(opened: Callable[..., Opened], thousands: results.Run) -> None:
    view = opened(thousands.path / "report.html", 1280)
    assert view.count() == "1,100 of 1,100"
    assert view.sort("rate") == "ascending"
    expected = thousands.trials.sort_values("hp_rate")["trial_id"].tolist()
    drawn = view.column("trial")
    assert drawn == expected[: len(drawn)]
    assert "summary.csv has all" not in view.page.locator("#trials").inner_text()
    assert 50 < len(drawn) < 500
    scroll(view, 1)
    drawn = view.column("trial")
    assert drawn == expected[-len(drawn) :]
    assert 50 < len(drawn) < 500
    scroll(view, 0)
    assert view.column("trial")[0] == expected[0]
    assert view.said == []


@pytest.mark.slow
def test_without_scripts_the_first_of_thousands_are_there(
    opened: Callable[..., Opened], thousands: results.Run
) -> None:
    view = opened(thousands.path / "report.html", 1280, java_script_enabled=False)
    assert view.page.locator(".trials tbody tr").count() == 200
    assert "The first 200 of them; summary.csv has all." in view.page.locator("#trials").inner_text()


@pytest.mark.slow
def test_ten_thousand_trials_open_sort_and_filter_at_once(opened: Callable[..., Opened], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", random_trials(10_000))
    path = run.path / "report.html"
    path.write_text(report.html(run, report.Pictures([], {}, [])), encoding="utf-8")
    view = opened(path, 1280)
    # From the beginning of its loading until it is drawn; half a second on a quiet machine.
    assert view.page.evaluate("performance.now()") < 3000
    began = time.monotonic()
    assert view.sort("rate") == "ascending"
    view.page.get_by_label("Filter").fill("adam")
    assert view.count().endswith(" of 10,000")
    assert time.monotonic() - began < 3
    assert view.said == []
