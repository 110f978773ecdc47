"""A plain script: purges the bindings of purges.json, one call each, one after the other."""

import json
import os
from pathlib import Path

import requests

session = requests.Session()
session.trust_env = False
session.headers["Authorization"] = f"Bearer {os.environ['MBS_TOKEN']}"
for one in json.loads(Path("purges.json").read_text(encoding="utf-8")):
    session.delete(
        f"{os.environ['MBS_ENDPOINT']}/api/Users/{one['user']}/Computers",
        json=[{"DestinationId": one["destination"], "ComputerName": one["computer"]}],
        timeout=30,
    ).raise_for_status()
