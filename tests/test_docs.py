"""README and docs: what they show is run, what they print is compared, and every link leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from keras_search.commands.app import app
from keras_search.results import evaluation, layout, plots
from keras_search.tuner import oracles
from keras_search.tuner.trial import pruners
from tests.helpers import ROOT
from tests.pages import CLUSTER, DOCS, ONCE, ONLY_OF_TEN_TRIALS, ONLY_ON_MNIST, README, Block, Folder, blocks, form
from tests.test_house import FLOOR

PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS]
UNPRINTED = (*ONLY_ON_MNIST, ONLY_OF_TEN_TRIALS)
RUN = [page for page in [README, *DOCS] if page != CLUSTER]
COMMANDS = typer.main.get_command(app).commands


def by_name(page: Path) -> str:
    return page.name


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=by_name)
def test_what_a_page_shows_runs_and_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for block in blocks(page):
        if block.language == "text":
            assert not_printed(block, folder.printed) == []
        elif block.language in ("python", "sh") and not block.is_excerpt:
            folder.run(block)


def not_printed(block: Block, printed: str) -> list[str]:
    """The lines of a `text` block whose like has not been printed."""
    forms = {form(line) for line in printed.splitlines()}
    lines = [line for line in block.text.splitlines() if line not in ("", "...") and ONCE not in line]
    return [line for line in lines if form(line) not in forms and not any(said in line for said in UNPRINTED)]


def test_a_line_that_no_command_prints_is_noticed() -> None:
    shown = "[1/20] trial 00 | val_accuracy 0.9770 at epoch 1 of 1 | 2.6 s | best 0.9770 | about 2 min 19 s left\n"
    printed = "[1/4] trial 0 | val_accuracy 0.53 at epoch 2 of 3 | 1 min 3 s | best 0.9"
    assert not_printed(Block(README, "text", shown, 1), printed) == []
    assert not_printed(Block(README, "text", shown, 1), printed.replace("best", "highest")) == [shown.strip()]


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_block_is_of_a_known_kind(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= {"sh", "python", "text", "yaml", ""}


def test_the_readme_is_short_and_its_command_for_the_tests_is_the_one_that_ci_runs() -> None:
    assert len(README.read_bytes()) <= 9216
    command = next(line for line in README.read_text().splitlines() if "-m pytest" in line)
    assert command in [line for block in blocks(README) if block.language == "sh" for line in block.text.splitlines()]
    assert all(
        step in command for step in ("-m venv .venv", "pip install -q -e '.[test]'", ".venv/bin/python -m pytest")
    )


def prose(page: Path) -> str:
    """A page without its blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path, level: str = "#+") -> list[str]:
    """What GitHub makes of the headings of a page."""
    headings = re.findall(rf"^{level} (.*)$", prose(page), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Where the links and pictures of a page lead within the project: a file and a heading, "" for none."""
    for target in re.findall(r"\]\(([^)]+)\)", prose(page)):
        if not target.startswith("https://"):
            path, _, anchor = target.partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert len(set(anchors(page))) == len(anchors(page)) or page.name == "CHANGELOG.md"
    for path, anchor in links(page):
        assert path.exists(), path
        assert not anchor or anchor in anchors(path), f"{path.name}#{anchor}"


def test_every_page_is_reached_from_the_readme_and_every_picture_is_shown() -> None:
    assert set(DOCS) <= {path for path, _ in links(README)}
    shown = {path for page in [README, *DOCS] for path, _ in links(page)}
    assert set((ROOT / "docs").glob("*.png")) <= shown


@pytest.mark.parametrize("page", DOCS, ids=by_name)
def test_a_page_begins_with_its_contents(page: Path) -> None:
    own = {anchor for path, anchor in links(page) if path == page}
    assert set(anchors(page, "##")) <= own


def options(command: str) -> set[str]:
    return {name for param in COMMANDS[command].params for name in param.opts if name.startswith("--")} | {"--help"}


def test_every_command_and_every_option_is_documented() -> None:
    text = "\n".join(page.read_text() for page in [README, *DOCS])
    assert set(COMMANDS) == set(re.findall(r"^\| `(\w+)` \|", README.read_text(), re.MULTILINE))
    missing = {name for command in COMMANDS for name in options(command) if not re.search(rf"{name}\b", text)}
    assert missing == set()


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_a_page_names_no_option_that_a_command_does_not_have(page: Path) -> None:
    for command, arguments in re.findall(r"(?:python cli\.py|keras-search) ([a-z]+)\b([^`\n]*)", page.read_text()):
        assert command in COMMANDS
        assert set(re.findall(r"(?<!\S)--[a-z-]+", arguments)) <= options(command), f"{command}{arguments}"


def test_columns_oracles_pruners_and_plots_are_documented() -> None:
    page = {path.stem: path.read_text() for path in DOCS}
    assert [name for name in layout.SUMMARY_COLUMNS if f"`{name}`" not in page["run-directory"]] == []
    assert [name for name in evaluation.COLUMNS if f"`{name}`" not in page["run-directory"]] == []
    assert [name for name in oracles.ORACLES if f"`{name}`" not in page["search"]] == []
    assert [name for name in pruners.PRUNERS if f"--pruner {name}`" not in page["search"] and name != "none"] == []
    assert [kind for kind in plots.KINDS if f"`{kind}`" not in page["plots"]] == []


def test_the_help_of_a_command_names_the_pages_about_it() -> None:
    named = {name: re.findall(r"docs/[\w-]+\.md", command.epilog) for name, command in COMMANDS.items()}
    named[""] = re.findall(r"docs/[\w-]+\.md", app.info.epilog)
    assert all(named.values())
    assert {ROOT / page for pages in named.values() for page in pages} == set(DOCS)


def test_the_drawing_of_the_house_has_every_room_on_its_floor() -> None:
    folder, drawn = "", []
    for line in next(block.text for block in blocks(ROOT / "CONTRIBUTING.md") if not block.language).splitlines():
        indented, names = re.match(r"( *)((?:[\w./]+(?:, )?)*)", line).groups()
        names = [name.removesuffix("/").removesuffix(".py") for name in names.split(", ") if name]
        folder = folder if indented or not names else names[0]
        drawn += [f"{folder}.{name}" for name in names if indented]
    floors = [FLOOR[room] for room in drawn if room in FLOOR]
    assert floors == sorted(floors)
    assert {room for room in FLOOR if "." in room and (ROOT / room.replace(".", "/")).is_dir()} <= set(drawn)
