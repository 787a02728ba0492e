"""The console script `crewtally`: the commands put together, and errors turned into exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from pipelines.commands.inspecting import dictionary, explain, publish, quarantine
from pipelines.commands.listen import listen
from pipelines.commands.planning import apply, plan, undo
from pipelines.commands.reading import status, totals
from pipelines.commands.reconciling import conflicts, identity, ledger
from pipelines.commands.reporting import report
from pipelines.commands.setup import demo, doctor, init, sandbox
from pipelines.commands.shell import Shell, note, shared_options
from pipelines.commands.steps import backfill, pull, sync
from pipelines.outcome import Outcome, judge


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 bad usage or config, 3 stopped by a guard, 4 the plan is stale.",
)
@click.version_option(package_name="crewtally")
@shared_options
def crewtally() -> None:
    """Pull resource plans from 10,000ft and Ruddr, count the hours, push the agreed records to ftrack."""


_COMMANDS = (
    *(demo, sandbox, init, doctor),
    *(pull, totals, plan, apply, undo, sync, backfill, listen),
    *(status, quarantine, conflicts, identity, ledger, explain),
    *(report, publish, dictionary),
)
for _command in _COMMANDS:
    crewtally.add_command(_command)


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; every error is one message on stderr."""
    shell = Shell()
    try:
        code = crewtally.main(list(arguments), "crewtally", standalone_mode=False, obj=shell)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        note("Stopped.")
        return Outcome.FAILED
    except BrokenPipeError:
        # The reader of the pipe has seen enough (`| head`); Python must not complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Outcome.FAILED
    except Exception as error:  # noqa: BLE001 - the outermost edge: nothing may show a traceback unasked
        return _report(error, shell)
    return code if isinstance(code, int) else Outcome.DONE


def _report(error: Exception, shell: Shell) -> int:
    if shell.debug:
        note(shell.redact("".join(traceback.format_exception(error))))
    outcome, expected = judge(error)
    message = str(error) or type(error).__name__
    if not expected:
        message = f"Unexpected {type(error).__name__}: {message} (run again with --debug for the traceback)"
    note(shell.redact(f"Error: {message}"))
    return outcome
