"""A threaded script: purges the bindings of purges.json, one call a user, 16 at a time. Nothing can be much quicker."""

import json
import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import requests
from requests.adapters import HTTPAdapter

THREADS: Final = 16

session = requests.Session()
session.trust_env = False
session.headers["Authorization"] = f"Bearer {os.environ['MBS_TOKEN']}"
session.mount("http://", HTTPAdapter(pool_maxsize=THREADS))

users: dict[str, list[dict[str, str]]] = defaultdict(list)
for one in json.loads(Path("purges.json").read_text(encoding="utf-8")):
    users[one["user"]].append({"DestinationId": one["destination"], "ComputerName": one["computer"]})


def purge(user: str) -> None:
    """Purge all of one user in one call."""
    url = f"{os.environ['MBS_ENDPOINT']}/api/Users/{user}/Computers"
    session.delete(url, json=users[user], timeout=30).raise_for_status()


with ThreadPoolExecutor(THREADS) as pool:
    list(pool.map(purge, users))
