"""Settings of the command line: ``--set KEY=VALUE``."""

from collections.abc import Iterable

from bitnet_hw.config import Config
from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import key_text, show, suggestion
from bitnet_hw.yaml_file import yaml_value

__all__ = ["parse_settings"]


def parse_settings(settings: Iterable[str]) -> dict[str, object]:
    """Return values by dotted key, as `bitnet_hw.config.load_config` takes them.

    Parameters
    ----------
    settings : iterable of str
        Each a dotted key of a configuration file, an equals sign, and a value in YAML. Later ones
        win.

    Raises
    ------
    ConfigError
        If a setting has no equals sign, its key does not start with one of a configuration file, or
        its value is no YAML. Whether the rest of the key is known shows when it is applied.
    """
    changes: dict[str, object] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        key = key.strip()
        if not equals or not all(key.split(".")):
            raise ConfigError(f"--set must be KEY=VALUE, not {show(setting)}")
        known = [name for name in Config.model_fields if name != "name"]
        if (first := key.partition(".")[0]) not in known:
            raise ConfigError(
                f"--set {key_text((key,))} must be a key of a configuration file; "
                f"{suggestion(first, known)}"
            )
        value = yaml_value(text, source=f"--set {key_text((key,))}")
        # Later settings are also applied later: one of a whole block replaces those inside it.
        changes.pop(key, None)
        changes[key] = value
    return changes
