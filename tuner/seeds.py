"""Seeds that depend only on what they are for, not on the order in which they are made."""

import hashlib
import random


def derive(seed: int, *keys: object) -> int:
    """A seed in 1..2**31-1 from `seed` and `keys`, which say what it is for; the same on every machine.

    It is never 0, which Keras Tuner's `Oracle` takes for no seed. Neighbouring seeds result in unrelated ones: Keras
    Tuner's random search draws each value with the next seed, so neighbours would give the same points, shifted.
    """
    text = "/".join(map(str, (seed, *keys)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % (2**31 - 1) + 1


def trial_seed(seed: int, trial_id: str) -> int:
    """The seed of one trial; the zero-padding of its id, which varies in Keras Tuner, does not matter."""
    return derive(seed, "trial", int(trial_id) if trial_id.isdecimal() else trial_id)


def drawn() -> int:
    """A seed for a search that nobody gave one, from Python's generator, as Keras Tuner draws it."""
    return random.randint(1, 10_000)


def of_oracle(seed: int | None) -> int | None:
    """`seed` for an oracle of Keras Tuner's, which would take 0 for no seed."""
    return derive(seed, "oracle") if seed == 0 else seed
