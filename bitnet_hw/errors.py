"""The ways in which the tool can fail, each with the exit code that the command line returns."""

__all__ = ["BitnetHwError", "BuildFailed", "ConfigError", "SimulationFailed", "ToolMissing"]


class BitnetHwError(Exception):
    """A failure that the user can act on: printed as one sentence, never as a traceback."""

    exit_code = 1


class ConfigError(BitnetHwError):
    """Wrong input: a file, a key, a value or a name."""

    exit_code = 1


class BuildFailed(BitnetHwError):
    """Generating or compiling the hardware failed."""

    exit_code = 3


class SimulationFailed(BitnetHwError):
    """A simulation crashed, hung, or disagreed with the golden model."""

    exit_code = 3


class ToolMissing(BitnetHwError):
    """A program or an optional package is not installed; the message says how to get it."""

    exit_code = 4
