"""The ways in which running the hardware can fail."""

__all__ = [
    "BenchFailed",
    "SimulationError",
    "SimulationTimedOut",
    "SimulatorBuildFailed",
    "SimulatorMissing",
]


class SimulationError(Exception):
    """A simulation did not come to its end; the message says why in one or a few lines."""


class SimulatorMissing(SimulationError):
    """A program or package that the simulator needs is not installed; says how to get it."""


class SimulatorBuildFailed(SimulationError):
    """The simulator did not accept the Verilog, or the compiler failed."""


class BenchFailed(SimulationError):
    """A bench failed or crashed: the hardware or the bench is wrong."""


class SimulationTimedOut(SimulationError):
    """A build or a run took longer than allowed; all its processes have been ended."""
