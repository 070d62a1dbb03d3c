"""The command line: subcommands, exit codes, and errors as one line."""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from bitnet_hw import __version__
from bitnet_hw.commands.characterize import characterize
from bitnet_hw.commands.estimate import estimate
from bitnet_hw.commands.explore import explore
from bitnet_hw.commands.generate import generate
from bitnet_hw.commands.infer import infer
from bitnet_hw.commands.inspect import inspect
from bitnet_hw.commands.pack import pack
from bitnet_hw.commands.plan import plan
from bitnet_hw.commands.reproduce import reproduce
from bitnet_hw.commands.simulate import simulate
from bitnet_hw.errors import BitnetHwError
from bitnet_hw.output import print_error, write

__all__ = ["app", "main", "run_guarded"]

_INTERRUPTED = 130

# No markup: rich takes a tenth of a second to import, so only commands that print tables do it.
app = typer.Typer(
    name="bitnet-hw",
    help="Design, verify and estimate matmul accelerators for 1.58-bit language models.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("generate")(generate)
app.command("estimate")(estimate)
app.command("simulate")(simulate)
app.command("characterize")(characterize)
app.command("explore")(explore)
app.command("infer")(infer)
app.command("inspect")(inspect)
app.command("pack")(pack)
app.command("plan")(plan)
app.command("reproduce")(reproduce)


def _print_version(requested: bool) -> None:
    if requested:
        write(f"bitnet-hw {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    0: done. 1: wrong input, or the operating system refused something. 2: wrong usage. 3: building
    or simulating failed. 4: a tool is missing. 130: interrupted.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of the process's own.
    """
    given = None if arguments is None else list(arguments)
    return run_guarded(lambda: app(args=given, prog_name="bitnet-hw"))


def run_guarded(work: Callable[[], object]) -> int:
    """Call `work` and return the exit code of what happens; errors are printed as one line."""
    try:
        work()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1 if leaving.code else 0
        if code == _INTERRUPTED:
            print_error("interrupted")
        return code
    except KeyboardInterrupt:
        print_error("interrupted")
        return _INTERRUPTED
    except BitnetHwError as error:
        print_error(f"error: {error}")
        return error.exit_code
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print_error(f"error: {place}{error.strerror or error}")
        return 1
    return 0
