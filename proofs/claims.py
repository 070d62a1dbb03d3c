"""The words of a specification: claims, assumptions, and a look into the hardware."""

import re

from amaranth import Fragment, Signal
from amaranth.hdl import Assert, Assume

__all__ = ["assume", "claim", "inner_signals", "name_checks", "opened", "previous"]

_CLAIM = "claim_"
# A check in RTLIL, up to the wire that it looks at.
_CHECK = re.compile(
    r"(?P<head>^ *cell \$check )(?P<name>\S+)(?P<body>(?:(?!^ *cell ).*\n)*?"
    r" *connect \\A \\claim_(?P<claim>\w+) \[0\]\n(?:(?!^ *end$).*\n)*? *end\n)",
    re.MULTILINE,
)


def claim(m, name, condition):
    """Claim that `condition` holds in every cycle; `name` is what a solver says if it does not."""
    holds = Signal(name=f"{_CLAIM}{name}")
    m.d.comb += [holds.eq(condition), Assert(holds)]


def assume(m, condition):
    """Look only at runs in which `condition` holds in every cycle."""
    holds = Signal(name="assumed")
    m.d.comb += [holds.eq(condition), Assume(holds)]


def previous(m, value, init=0):
    """Return what `value` was in the cycle before."""
    kept = Signal(value.shape(), init=init)
    m.d.sync += kept.eq(value)
    return kept


def opened(component):
    """Return a component as a module that can still be added to, such as a port to a memory.

    What a design remembers is not all visible at its ports. An induction starts from any state that
    the claims allow, so they must speak of all of it.
    """
    component._MustUse__silence = True
    return component.elaborate(None)


def inner_signals(module):
    """Return what a module drives, by name, and the fragment to put into its place."""
    fragment = Fragment.get(module, None)
    signals = {}
    for statements in fragment.statements.values():
        for signal in statements._lhs_signals():
            signals[signal.name] = signal
    return fragment, signals


def name_checks(rtlil, only=""):
    """Return RTLIL in which each check of a claim has the name of the claim.

    With `only`, the other claims are taken out.
    """

    def named(found):
        if only and found["claim"] != only:
            return ""
        return f"{found['head']}\\{found['claim']}{found['body']}"

    kept = _CHECK.sub(named, rtlil)
    if only and f"$check \\{only}\n" not in kept:
        raise ValueError(f"There is no claim {only}")
    return kept
