"""Who runs this, and from which commit, by the CI's environment or git: for the record, never for a decision."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

_PATIENCE = 10  # seconds
_REVIEWED = ("inventory", "approvals")


def provenance(root: Path, environment: Mapping[str, str]) -> dict[str, str | bool]:
    """Return what is known of `who`, `commit`, `pull_request`, `run`, and whether reviewed files `differ` from it."""
    pull_request = re.fullmatch(r"refs/pull/(\d+)/.*", environment.get("GITHUB_REF", ""))
    run = [environment.get(f"GITHUB_{key}", "") for key in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    status = _git(root, "status", "--porcelain", "--", *_REVIEWED)
    known: dict[str, str | bool | None] = {
        "who": _first(environment, "GITHUB_ACTOR", "GITLAB_USER_LOGIN") or _git(root, "config", "user.email"),
        "commit": _first(environment, "GITHUB_SHA", "CI_COMMIT_SHA") or _git(root, "rev-parse", "HEAD"),
        "pull_request": pull_request[1] if pull_request else _first(environment, "CI_MERGE_REQUEST_IID"),
        "run": "{}/{}/actions/runs/{}".format(*run) if all(run) else _first(environment, "CI_JOB_URL"),
        "differs": None if status is None else bool(status),
    }
    return {key: value for key, value in known.items() if value not in (None, "")}


def _first(environment: Mapping[str, str], *names: str) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
