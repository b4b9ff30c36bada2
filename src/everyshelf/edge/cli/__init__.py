"""The command `everyshelf`: finds the files of this package that offer commands, and runs them.

A file offers commands by `register(app)` and may say its place in the help by `ORDER`. Nothing is
decided here, and no file is named here. What is refused goes to stderr as `code: detail`, with the
wrong places of a document below it, and exit status 2.
"""

import importlib
import pkgutil
import sys
from types import ModuleType
from typing import Final, NoReturn

import psycopg
import typer

from everyshelf import __version__
from everyshelf.base.errors import Code, Refused

REFUSED: Final = 2
LAST: Final = 100

UNREACHABLE: Final = Code("database.unreachable", 503, "The database does not answer.")

# A paragraph is one line here: the terminal breaks it where its width ends.
ABOUT = (
    "Everyshelf: every shelf you own is one warehouse.\n\n"
    "Stock, promises, orders and their fulfillment on one PostgreSQL ledger, which Everyshelf "
    "brings along. The data live in [bold]$EVERYSHELF_HOME[/], or in the database that "
    "[bold]$EVERYSHELF_DATABASE_URL[/] names; the second wins.\n\n"
    "What is refused says its code and the reason on stderr, and the exit status is 2."
)

EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/]",
        "everyshelf up [dim]# start everything on http://127.0.0.1:8080[/]",
        "everyshelf status --json [dim]# what runs and where the data are, for a machine[/]",
        "everyshelf backup monday.backup [dim]# all data of one instant in one file[/]",
        "everyshelf COMMAND --help [dim]# the manual of one command[/]",
    )
)


def build() -> typer.Typer:
    """The application with the commands of every file in this package."""
    made = typer.Typer(
        name="everyshelf",
        help=ABOUT,
        epilog=EXAMPLES,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_every_command)
    for module in sorted(_modules(), key=lambda one: (getattr(one, "ORDER", LAST), one.__name__)):
        register = getattr(module, "register", None)
        if register is not None:
            register(made)
    return made


def _modules() -> list[ModuleType]:
    return [
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    ]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _every_command(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Say the version and end."
    ),
) -> None:
    """Carries the options that stand before any command."""


app = build()


def main() -> None:
    """The entry point: runs a command and turns a refusal into a message and exit status 2."""
    try:
        app()
    except Refused as refused:
        _end(refused)
    except psycopg.OperationalError as error:
        _end(UNREACHABLE(str(error).strip()))


def _end(refused: Refused) -> NoReturn:
    typer.echo(f"{refused.code}: {refused.detail}", err=True)
    for problem in refused.errors:
        typer.echo(f"  {problem.words}", err=True)
    sys.exit(REFUSED)
