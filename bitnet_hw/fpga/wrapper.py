# amaranth: UnusedElaboratable=no
"""A frame of registers around the accelerator, with eight pins instead of thousands.

No package has pins for the ports of an array. Left open, or tied to constants, they would let
synthesis remove what drives them; so every port gets a register, and shift registers lead from
there to the pins. A host can still run the accelerator through them, at a bit per cycle: the
wrapped design computes, which the tests show.
"""

from amaranth import Cat, ClockDomain, ClockSignal, Instance, Module, ResetInserter, Signal, Value
from amaranth.back import verilog
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.accelerator import Accelerator
from rtl.geometry import Geometry

__all__ = ["DESIGN", "TOP", "Wrapper", "wrapper_verilog"]

DESIGN = "bitnet_accelerator"
"""Name of the accelerator's module."""

TOP = "bitnet_fpga"
"""Name of the wrapper's module."""

STREAMS_IN = ("commands", "weights", "activations")


class Wrapper(wiring.Component):
    """Accelerator between two shift registers.

    To let streams transfer one item each: shift `inputs` in, last field first and each highest bit
    first, and give `go`. What is set in `go_*` is then offered, or taken, until it has been
    transferred; `busy` is low when all is done. A result that was taken is in the shift register of
    the outputs; `look` puts the present state there instead.

    Parameters
    ----------
    geometry : Geometry
        Of the accelerator.
    instance : bool
        Take the accelerator as an instance of the Verilog module `DESIGN`.

    Members
    -------
    reset : In(1)
        Synchronous; takes effect two cycles later.
    shift : In(1)
        Move both shift registers on by one place.
    scan_in : In(1)
        What comes in.
    go : In(1)
        Start the transfers that were shifted in.
    look : In(1)
        Load all outputs, as they are, into their shift register.
    scan_out : Out(1)
        What leaves the shift register of the outputs, its last bit first.
    busy : Out(1)
        A transfer has not happened yet.
    """

    def __init__(self, geometry, *, instance=False):
        self._design = Accelerator(geometry)
        self._instance = instance
        self._ports = self._design.signature.create() if instance else self._design
        # Without a reset: the accelerator's comes from a register.
        self._clock = ClockDomain("sync", reset_less=True)
        super().__init__({
            **{name: In(1) for name in ("reset", "shift", "scan_in", "go", "look")},
            "scan_out": Out(1),
            "busy": Out(1),
        })

    @property
    def inputs(self):
        """Widths of the fields of the shift register of inputs, in order, by name."""
        ports = self._ports
        payloads = {name: len(Value.cast(getattr(ports, name).payload)) for name in STREAMS_IN}
        requests = {f"go_{name}": 1 for name in (*STREAMS_IN, "results", "clear")}
        return payloads | requests

    @property
    def outputs(self):
        """Widths of the fields of the shift register of outputs, in order, by name."""
        return {name: len(value) for name, value in self._output_values().items()}

    @property
    def pins(self):
        """All pins, the clock among them."""
        return [self._clock.clk, *(getattr(self, name) for name in self.signature.members)]

    def _output_values(self):
        ports = self._ports
        return {
            **{f"{name}_ready": getattr(ports, name).ready for name in STREAMS_IN},
            "results_valid": ports.results.valid,
            "results": Value.cast(ports.results.payload),
            **{name: getattr(ports.status, name) for name in ports.status.signature.members},
        }

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = self._clock
        ports = self._ports
        reset = self._registered(m, self._registered(m, self.reset, "pin_reset"), "reset_now")
        shift = self._registered(m, self.shift, "shift_now")
        scan_in = self._registered(m, self.scan_in, "scan_now")
        go = self._registered(m, self.go, "go_now")
        look = self._registered(m, self.look, "look_now")
        if self._instance:
            m.submodules.design = Instance(DESIGN, **self._connections(reset))
        else:
            m.submodules.design = ResetInserter(reset)(self._design)

        chain = Signal(sum(self.inputs.values()))
        fields = self._split(chain, self.inputs)
        with m.If(shift):
            m.d.sync += chain.eq(Cat(scan_in, chain))
        m.d.comb += [
            Value.cast(getattr(ports, name).payload).eq(fields[name]) for name in STREAMS_IN
        ]

        pending = []
        transferred = Signal()
        for name in (*STREAMS_IN, "results"):
            stream = getattr(ports, name)
            ours, theirs = stream.valid, stream.ready
            if name == "results":
                ours, theirs = theirs, ours
            offered = Signal(name=f"{name}_offered")
            m.d.comb += ours.eq(offered)
            m.d.sync += offered.eq((go & fields[f"go_{name}"]) | (offered & ~theirs))
            with m.If(reset):
                m.d.sync += offered.eq(0)
            pending.append(offered)
        clear = Signal()
        m.d.comb += ports.clear.eq(clear)
        m.d.sync += clear.eq(go & fields["go_clear"])

        # Nothing but a register behind each output; what selects comes after it.
        m.d.sync += transferred.eq(ports.results.valid & ports.results.ready)
        values = Cat(self._output_values().values())
        seen, held = Signal(len(values)), Signal(len(values))
        m.d.sync += seen.eq(values)
        with m.If(transferred | look):
            m.d.sync += held.eq(seen)
        with m.Elif(shift):
            m.d.sync += held.eq(held << 1)
        m.d.sync += [
            self.scan_out.eq(held[-1]),
            self.busy.eq(go | Cat(pending).any() | transferred),
        ]
        return m

    @staticmethod
    def _registered(m, value, name):
        register = Signal(name=name)
        m.d.sync += register.eq(value)
        return register

    @staticmethod
    def _split(chain, widths):
        fields, start = {}, 0
        for name, width in widths.items():
            fields[name] = chain[start : start + width]
            start += width
        return fields

    def _connections(self, reset):
        ports = {
            f"{'i' if member.flow is wiring.In else 'o'}_{'__'.join(map(str, path))}": value
            for path, member, value in self._ports.signature.flatten(self._ports)
        }
        return ports | {"i_clk": ClockSignal(), "i_rst": reset}


def wrapper_verilog(geometry: Geometry) -> str:
    """Return the Verilog of the wrapper, which has an instance of `DESIGN`."""
    wrapper = Wrapper(geometry, instance=True)
    return verilog.convert(
        wrapper, name=TOP, ports=wrapper.pins, emit_src=False, strip_internal_attrs=True
    )
