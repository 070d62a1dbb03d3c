"""Places in an expression where a pipeline register may stand."""

from amaranth import Signal, Value

__all__ = ["cut", "delay"]


def cut(m, *, registered, **values):
    """Return values as they are in the next stage, a cycle later if `registered`.

    Parameters
    ----------
    m : Module
        The module to which signals and registers belong.
    registered : bool
        Whether a register stands here.
    values : value-like
        What goes on, by the names of the signals that hold it.
    """
    domain = "sync" if registered else "comb"
    later = []
    for name, value in values.items():
        signal = Signal(Value.cast(value).shape(), name=name, reset_less=True)
        m.d[domain] += signal.eq(value)
        later.append(signal)
    return later


def delay(m, value, cycles, *, name):
    """Return a value as it was `cycles` ago, in registers that begin with `name`."""
    for cycle in range(cycles):
        [value] = cut(m, registered=True, **{f"{name}{cycle}": value})
    return value
