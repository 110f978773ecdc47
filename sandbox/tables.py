"""What the sandbox stores: the tables of its SQLite database."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. SQLite has no zones: it is stored without one, so that text order is time order."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Store a moment."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read a moment."""
        return None if value is None else value.replace(tzinfo=UTC)


class Table(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData()
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Moment}


class UserRow(Table):
    """A user of the account. `key` is the ID without letter case, by which it is looked up."""

    __tablename__ = "users"

    key: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str]
    login: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    company: Mapped[str]
    enabled: Mapped[bool]
    deleted_at: Mapped[datetime | None]


class DestinationRow(Table):
    """A place in somebody's cloud storage. Until `locked_until` its data cannot be deleted (object lock)."""

    __tablename__ = "destinations"

    key: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str]
    account_id: Mapped[str]
    account: Mapped[str]
    bucket: Mapped[str]
    storage: Mapped[str]
    locked_until: Mapped[datetime | None]


class BindingRow(Table):
    """A user's computer on a destination: what a purge addresses.

    `size_bytes` is what a full backup of it takes, `stored_bytes` what is stored now. The row outlives a purge, because
    the plan on the computer does, and with it its line in Monitoring.
    """

    __tablename__ = "bindings"
    __table_args__ = (UniqueConstraint("user_key", "destination_key", "computer"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_key: Mapped[str] = mapped_column(ForeignKey("users.key"))
    destination_key: Mapped[str] = mapped_column(ForeignKey("destinations.key"), index=True)
    computer: Mapped[str]
    listed: Mapped[bool]
    size_bytes: Mapped[int]
    stored_bytes: Mapped[int]
    last_backup: Mapped[datetime | None]
    status: Mapped[int]
    plan: Mapped[str]


class PurgeRow(Table):
    """An accepted purge of one binding. It carries the names too, because somebody may remove the binding meanwhile."""

    __tablename__ = "purges"
    __table_args__ = (Index("pending_purges", "done_at", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    binding_id: Mapped[int | None] = mapped_column(ForeignKey("bindings.id", ondelete="SET NULL"), index=True)
    user: Mapped[str]
    destination: Mapped[str]
    computer: Mapped[str]
    accepted_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class TokenRow(Table):
    """A token that was issued; only its digest is stored."""

    __tablename__ = "tokens"

    digest: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class RequestRow(Table):
    """A request of the MBS API and how it was answered. `status` is empty where the connection was cut."""

    __tablename__ = "requests"

    sequence: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    real_at: Mapped[datetime]
    method: Mapped[str]
    path: Mapped[str]
    raw_path: Mapped[str]
    query: Mapped[Any] = mapped_column(JSON)
    content_type: Mapped[str | None]
    user_agent: Mapped[str | None]
    body: Mapped[Any] = mapped_column(JSON)
    status: Mapped[int | None]
    cut: Mapped[bool]
    fault: Mapped[str | None]


class MemoRow(Table):
    """A value that the sandbox keeps for itself: its settings, its clock's offset."""

    __tablename__ = "memos"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


def folded(id_: str) -> str:
    """Return the form of an ID by which rows are looked up: IDs are GUIDs, whose letter case means nothing."""
    return id_.casefold()
