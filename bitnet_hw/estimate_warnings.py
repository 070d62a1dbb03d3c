"""What in a configuration makes an estimate doubtful."""

from bitnet_hw.config import Config

__all__ = ["estimate_warnings"]


def estimate_warnings(config: Config) -> list[str]:
    """Return sentences about what does not fit together, though it can be computed."""
    gates = config.technology.gates
    limit = gates.clock_limit_mhz(config.array) if gates else None
    if limit is None or config.clock_mhz <= limit:
        return []
    reach = f"the {limit:.0f} MHz that an array of {config.array.lanes} lanes reaches"
    technology = config.technology.name
    return [f"clock_mhz is {config.clock_mhz:g}, above {reach} in {technology}, without wires."]
