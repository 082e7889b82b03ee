"""What ends a search before its last trial: signals, where they may, and its time; and that no terminal does."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from keras_search.search_spaces.origin import Interrupted
from keras_search.tuner.search import stop as module
from keras_search.tuner.search.stop import Stop, outliving_the_terminal

STOPPING = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of signals are after a test what they were before."""
    before = {number: signal.getsignal(number) for number in (*STOPPING, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def stop(time_budget: float | None = None) -> Stop:
    return Stop(time_budget, lambda reason: None)


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_ends_the_search_where_it_waits_or_trains(number: int) -> None:
    with stop() as asked, pytest.raises(Interrupted), asked.interruptible():
        signal.raise_signal(number)


@pytest.mark.parametrize("number", STOPPING)
def test_while_it_keeps_its_record_a_first_signal_waits(number: int) -> None:
    with stop() as asked:
        with asked.interruptible():
            pass
        signal.raise_signal(number)
        with pytest.raises(Interrupted), asked.interruptible():
            pytest.fail("it goes on")


@pytest.mark.parametrize("number", STOPPING)
def test_a_second_signal_ends_it_at_once(number: int) -> None:
    with stop():
        signal.raise_signal(number)
        with pytest.raises(Interrupted):
            signal.raise_signal(number)


@pytest.mark.parametrize("number", STOPPING)
def test_the_handlers_of_a_script_are_its_own_again(number: int) -> None:
    heard = []
    signal.signal(number, lambda number, frame: heard.append(number))
    with stop(), pytest.raises(ZeroDivisionError):
        raise ZeroDivisionError
    with stop():
        pass
    signal.raise_signal(number)
    assert heard == [number]


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_that_is_ignored_stays_so(number: int) -> None:
    signal.signal(number, signal.SIG_IGN)
    with stop() as asked, asked.interruptible():
        signal.raise_signal(number)
        signal.raise_signal(number)
    assert signal.getsignal(number) is signal.SIG_IGN


def test_in_another_thread_no_handler_is_set() -> None:
    seen = []

    def search() -> None:
        with stop(0) as asked, asked.interruptible():
            seen.extend([asked.is_over, *map(signal.getsignal, STOPPING)])

    before = list(map(signal.getsignal, STOPPING))
    thread = threading.Thread(target=search)
    thread.start()
    thread.join()
    assert seen == [True, *before]


def test_it_says_once_that_its_time_is_used_up() -> None:
    said: list[str] = []
    asked = Stop(0.2, said.append)
    assert not asked.is_over
    time.sleep(0.2)
    assert [asked.is_over, asked.is_over] == [True, True]
    assert said == ["the time budget is used up"]


def losing_the_first() -> None:
    with contextlib.suppress(Interrupted):  # as where an object is freed
        time.sleep(9)
    time.sleep(9)
    pytest.fail("it goes on")


def test_an_interruption_that_is_lost_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LATE_S", 0.1)
    monkeypatch.setattr(module, "_AGAIN_S", 0.1)
    with stop(0.1) as asked, pytest.raises(Interrupted), asked.interruptible():
        losing_the_first()
    assert asked.is_cut
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_without_a_time_budget_it_is_never_over() -> None:
    assert not stop().is_over


def test_it_outlives_the_terminal_with_the_processes_that_it_begins() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with outliving_the_terminal():
        signal.raise_signal(signal.SIGHUP)
        worker = subprocess.Popen([sys.executable, "-c", "import signal; signal.raise_signal(signal.SIGHUP)"])
    assert worker.wait() == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    assert subprocess.run(worker.args).returncode == -signal.SIGHUP


def test_a_script_with_a_handler_of_its_own_hears_the_terminal_hang_up() -> None:
    heard = []
    signal.signal(signal.SIGHUP, lambda number, frame: heard.append(number))
    with outliving_the_terminal():
        signal.raise_signal(signal.SIGHUP)
    assert heard == [signal.SIGHUP]
