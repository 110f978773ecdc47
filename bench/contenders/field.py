"""All contenders, in the order in which they are measured and shown."""

from collections.abc import Mapping
from typing import Final

from bench.contenders.contender import Contender
from bench.contenders.on_pulumi import Stock, ThisProject, ThisProjectWithCheckpoints
from bench.contenders.on_terraform import TerraformData
from bench.contenders.scripts import PlainScript, ThreadedScript

CONTENDERS: Final[Mapping[str, type[Contender]]] = {
    "project": ThisProject,
    "checkpoints": ThisProjectWithCheckpoints,
    "stock": Stock,
    "terraform": TerraformData,
    "script": PlainScript,
    "threads": ThreadedScript,
}
"""By the word that a command line selects them with."""
