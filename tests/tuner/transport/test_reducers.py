"""What pickle refuses and goes all the same: locks are made anew, files opened again, iterators and writers begun."""

import copy
import gc
import logging
import queue
import threading
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.legacy.preprocessing.image import ImageDataGenerator

from keras_search.tuner.transport import reducers
from keras_search.tuner.transport.parcels import pack, unpack

RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.random((10, 6, 6, 3), dtype="float32"), np.arange(10) % 2


def sent(value: Any) -> Any:
    """What arrives of `value`."""
    (arrived,) = unpack(pack(None, value)[0])
    return arrived


class Counter:
    """Counts under a lock, for several threads."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.count = 3

    def add(self) -> int:
        with self.changed:
            self.count += 1
            self.changed.notify_all()
            return self.count


def test_a_lock_is_a_new_lock_even_while_it_is_held() -> None:
    lock = threading.Lock()
    with lock:
        pair = sent([lock, lock])
    assert pair[0] is pair[1]
    assert not pair[0].locked()


def test_what_holds_locks_is_whole_and_its_parts_share_them() -> None:
    counter = sent(Counter())
    assert counter.add() == 4
    with counter.lock:
        assert counter.add() == 5, "the condition is of this very lock"
    event, semaphore = sent((threading.Event(), threading.Semaphore(2)))
    assert not event.wait(0)
    assert [semaphore.acquire(blocking=False) for _ in range(3)] == [True, True, False]


def test_queues_go_with_what_they_hold() -> None:
    waiting: queue.Queue[int] = queue.Queue(3)
    waiting.put(5)
    arrived = sent(waiting)
    assert (arrived.get_nowait(), arrived.maxsize) == (5, 3)
    assert sent(queue.SimpleQueue()).empty()
    full: queue.SimpleQueue[int] = queue.SimpleQueue()
    full.put(1)
    with pytest.raises(Exception, match="which holds 1"):
        pack(None, full)


def test_a_thread_that_runs_goes_nowhere() -> None:
    thread = threading.Thread(target=int)
    assert not sent(thread).is_alive()
    thread.start()
    thread.join()
    with pytest.raises(Exception, match="which was started"):
        pack(None, thread)


def test_files_that_are_written_are_appended_to(tmp_path: Path) -> None:
    for mode in ("w", "a", "x"):
        path = tmp_path / mode
        with path.open(mode) as file:
            file.write("here\n")
            with sent(file) as there:
                there.write("there\n")
        assert path.read_text() == "here\nthere\n"
    with (tmp_path / "binary").open("wb") as file, sent(file) as there:
        there.write(b"there")
    assert (tmp_path / "binary").read_bytes() == b"there"


def test_files_that_are_read_are_read_on(tmp_path: Path) -> None:
    (tmp_path / "read").write_text("one\ntwo\n")
    for mode in ("r", "rb"):
        with (tmp_path / "read").open(mode) as file:
            file.readline()
            with sent(file) as there:
                assert there.read() in ("two\n", b"two\n")
    with (tmp_path / "read").open("r+") as file, pytest.raises(Exception, match="open for reading and writing"):
        pack(None, file)


def test_a_logger_and_its_handler_go(tmp_path: Path) -> None:
    handler = logging.FileHandler(tmp_path / "log", mode="w")
    record = logging.makeLogRecord({"msg": "here"})
    handler.emit(record)
    there = sent(handler)
    there.emit(record)
    handler.close()
    there.close()
    assert (tmp_path / "log").read_text() == "here\nhere\n"
    assert sent(logging.getLogger("of.its.own")) is logging.getLogger("of.its.own")


def test_iterators_over_images_give_the_same_batches_from_their_beginning(tmp_path: Path) -> None:
    for number, image in enumerate(IMAGES):
        folder = tmp_path / str(number % 2)
        folder.mkdir(exist_ok=True)
        keras.utils.save_img(folder / f"{number}.png", image)
    generator = ImageDataGenerator(horizontal_flip=True)
    arguments = {"batch_size": 4, "seed": 1}
    for made in (
        generator.flow(IMAGES, LABELS, **arguments),
        generator.flow_from_directory(tmp_path, target_size=(6, 6), **arguments),
    ):
        first, second = sent(made), sent(made)
        np.random.seed(0)
        expected = [next(first) for _ in range(4)]
        np.random.seed(0)
        for batch, (images, labels) in zip(expected, second, strict=False):
            np.testing.assert_array_equal(batch[0], images)
            np.testing.assert_array_equal(batch[1], labels)
        assert next(made)[0].shape == (4, 6, 6, 3)


def test_a_summary_writer_writes_into_the_same_folder(tmp_path: Path) -> None:
    writer = tf.summary.create_file_writer(str(tmp_path / "board"), filename_suffix=".mine")
    there = sent(writer)
    with there.as_default():
        tf.summary.scalar("loss", 1.0, step=0)
    there.close()
    names = [path.name for path in (tmp_path / "board").iterdir()]
    assert len(names) == 2
    assert all(name.endswith(".mine") for name in names)


def test_a_dataset_goes_as_its_graph_unless_it_runs_python_code() -> None:
    assert [int(number) for number in sent([tf.data.Dataset.range(3).map(lambda x: x * 2)])[0]] == [0, 2, 4]
    own = tf.data.Dataset.from_generator(lambda: iter([1]), output_signature=tf.TensorSpec((), tf.int64))
    with pytest.raises(Exception, match="runs Python code"):
        pack(None, [own])


def test_copies_in_this_process_have_locks_of_their_own_while_that_is_asked_for() -> None:
    counter = Counter()
    with reducers.copied_anew():
        copied = copy.deepcopy(counter)
    with counter.lock:
        thread = threading.Thread(target=copied.add, daemon=True)
        thread.start()
        thread.join(5)
    assert copied.count == 4
    with pytest.raises(TypeError, match="cannot pickle"):
        copy.deepcopy(counter)


def test_copies_in_this_process_end_nothing_of_the_original(tmp_path: Path) -> None:
    writer = tf.summary.create_file_writer(str(tmp_path))
    with reducers.copied_anew():
        copied = copy.deepcopy(writer)
    with copied.as_default():
        tf.summary.scalar("loss", 1.0, step=0)
    del copied
    gc.collect()
    with writer.as_default():
        tf.summary.scalar("loss", 2.0, step=1)
    with tf.GradientTape() as tape:  # TensorFlow's runtime is as it was
        number = tf.Variable([1.0, 2.0])
        total = tf.reduce_sum(number)
    assert tape.gradient(total, number).numpy().tolist() == [1.0, 1.0]
    writer.close()
    (path,) = tmp_path.iterdir()
    events = [event for event in tf.compat.v1.train.summary_iterator(str(path)) if event.summary.value]
    assert [event.step for event in events] == [0, 1]
