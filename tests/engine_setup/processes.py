"""Who of an operation is still there."""

import psutil

_PATIENCE_SECONDS = 20


def family(process_id: int) -> list[psutil.Process]:
    """List a process and all that it started."""
    first = psutil.Process(process_id)
    return [first, *first.children(recursive=True)]


def survivors(processes: list[psutil.Process], seconds: float = _PATIENCE_SECONDS) -> list[psutil.Process]:
    """Wait until all have ended; list those that have not."""
    _, alive = psutil.wait_procs(processes, seconds)
    return [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def command_lines(processes: list[psutil.Process]) -> str:
    """Give what every user of the machine can read of them."""
    return "\n".join(" ".join(process.cmdline()) for process in processes)
