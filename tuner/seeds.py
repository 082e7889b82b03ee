"""Seeds that depend on what is seeded, not on who asks first."""

import hashlib


def derive(seed: int, *keys: object) -> int:
    """A seed in 1..2**31-1 from `seed` and what it is for; the same in every process and on every machine.

    Never 0, which Keras Tuner's `Oracle` takes for no seed. Neighbouring seeds give unrelated ones: in Keras Tuner's
    random search, where each value drawn has the next seed, they give the same points shifted by some trials.
    """
    text = "/".join(map(str, (seed, *keys)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % (2**31 - 1) + 1


def trial_seed(seed: int, trial_id: str) -> int:
    """The seed of one trial. Ids are numbers whose zero-padding varies (Keras Tuner's `Oracle.create_trial`)."""
    return derive(seed, "trial", int(trial_id) if trial_id.isdecimal() else trial_id)
