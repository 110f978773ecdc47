"""The ledger's tables. A change of them is a new schema version."""

from typing import Final

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text

METADATA: Final = MetaData()

VERSIONS: Final = Table("ledger", METADATA, Column("version", Integer, nullable=False))

# The head of each chain stands apart, so that cutting off its last events shows.
CHAINS: Final = Table(
    "chains",
    METADATA,
    Column("chain", String(255), primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)

# Who may purge a chain's stack now. Not part of the record.
LEASES: Final = Table(
    "leases",
    METADATA,
    Column("chain", String(255), primary_key=True),
    Column("holder", Text, nullable=False),
    Column("renewed", String(40), nullable=False),
)

EVENTS: Final = Table(
    "events",
    METADATA,
    Column("chain", String(255), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("binding", Text, nullable=False),
    Column("life", String(64), nullable=False),
    Column("data", Text, nullable=False),
    Column("schema", Integer, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("events_by_life", "life"),
    Index("events_by_binding", "binding", "kind"),
    Index("events_by_time", "chain", "kind", "at"),
)
