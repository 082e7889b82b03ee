"""A hyperparameter, as a search space declares it and as a run records it."""

from dataclasses import dataclass

Value = int | float | str | bool


@dataclass(frozen=True)
class Hyperparameter:
    """A hyperparameter as declared, in Keras Tuner's terms.

    Attributes:
        kind: Keras Tuner's class: `Int`, `Float`, `Choice`, `Boolean` or `Fixed`.
        name: Its name, unique in the space.
        default: Its value at the baseline point.
        min_value, max_value: The bounds of an Int or Float, both included.
        step: The distance between values (under log sampling, their ratio); None if any value may be drawn.
        sampling: `linear`, `log` or `reverse_log`.
        values: The values of a Choice, a Boolean or a Fixed.
        conditions: Pairs of a parent and those of its values with which this is active; all must hold.
    """

    kind: str
    name: str
    default: Value
    min_value: float | None = None
    max_value: float | None = None
    step: float | None = None
    sampling: str = "linear"
    values: tuple[Value, ...] = ()
    conditions: tuple[tuple[str, tuple[Value, ...]], ...] = ()

    @property
    def is_numeric(self) -> bool:
        return self.kind in ("Int", "Float")

    @property
    def bounds(self) -> tuple[float, float]:
        """`min_value` and `max_value` of an Int or Float, which always has both."""
        assert self.min_value is not None
        assert self.max_value is not None
        return self.min_value, self.max_value

    @property
    def range(self) -> str:
        """The values that can be drawn, for people to read: `4..64 step 4`, `adam, sgd`."""
        if not self.is_numeric:
            return ", ".join(map(str, self.values))
        text = f"{self.bounds[0]:g}..{self._largest:g}"
        if self.step is not None:
            text += f" step {self.step:g}"
        return text if self.sampling == "linear" else f"{text} ({self.sampling})"

    @property
    def _largest(self) -> float:
        """The largest value that can be drawn: with linear steps, the last step."""
        low, high = self.bounds
        if self.step is None or self.sampling != "linear":
            return high
        # Counted as Keras Tuner does, which may lose the last step of a range of floats: 0.6 // 0.1 is 5.
        return low + (high - low) // self.step * self.step
