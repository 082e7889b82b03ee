"""The page of Keras Tuner's names is that of the installed Keras Tuner, and leaves nothing out."""

from tests.tuner import keras_tuner_names


def test_the_page_tells_of_every_name_and_argument() -> None:
    assert keras_tuner_names.PAGE.read_text() == keras_tuner_names.page(), "python -m tests.tuner.keras_tuner_names"


def test_no_argument_is_ignored() -> None:
    assert "ignored" not in keras_tuner_names.page()
