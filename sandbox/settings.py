"""How the sandbox behaves where the vendor documents nothing: each open question is a switch.

The first value of each switch is the default. A client has to be right under every one of them.
"""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.duration import Duration


class Settings(BaseModel):
    """The delay of a purge, the latency of an answer, and the switches."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    purge_delay: Duration = Field(
        default=timedelta(hours=24),
        description="From the acceptance of a purge to its effect. Counts for purges accepted from now on.",
    )
    latency: Duration = Field(
        default=timedelta(0),
        description="Every answer of the MBS API waits this long first. It holds neither a thread nor the database.",
    )
    unknown_user_listing: Literal["null", "[]", "400", "404"] = Field(
        default="null",
        description="What GET Users/{id}/Computers answers for a user ID that the account does not know.",
    )
    unknown_id: Literal["null", "400", "404"] = Field(
        default="null",
        description="What GET Users/{id}, GET Monitoring/{id} and PUT Billing/Details answer for an unknown user ID.",
    )
    deleted_user_listing: Literal["answered", "as_unknown"] = Field(
        default="answered",
        description="Whether a deleted user's data can still be listed and measured, or the user ID counts as unknown.",
    )
    unknown_pair: Literal["ignored", "refused", "partial"] = Field(
        default="ignored",
        description="A DELETE names a pair that the user does not have. ignored: 200, and the others are purged. "
        "refused: 400, and nothing is purged. partial: 400, and the others are purged all the same.",
    )
    computer_name_case: Literal["exact", "ignored"] = Field(
        default="exact",
        description="Whether the computer names of a DELETE have to match by letter case. ignored: a name purges every "
        "computer that differs from it by case alone.",
    )
    delisted: Literal["with_data", "at_once"] = Field(
        default="with_data",
        description="When the pair of an accepted purge leaves the listing: together with its data, or on acceptance.",
    )
    locked_pair: Literal["kept", "refused", "metadata"] = Field(
        default="kept",
        description="A DELETE names a pair on a destination under object lock. kept: 200, and the data stays until the "
        "lock has ended. refused: 400, and nothing of the request is purged. metadata: 200, and only the metadata "
        "goes: neither the listing nor Billing shows the data any more, which stays until the lock has ended.",
    )
    backup_during_purge: Literal["purged", "kept"] = Field(
        default="purged",
        description="A computer backs up between a purge's acceptance and its effect. purged: the new data goes too. "
        "kept: the new data survives, and the pair stays listed.",
    )
    bad_login: Literal["400", "403"] = Field(default="400", description="The status of a login that is refused.")
    destination_list_ids: Literal["other", "same"] = Field(
        default="other",
        description="Whether the IDs in a user's DestinationList are those that the listing and DELETE use.",
    )
    billing_computers: Literal["named", "totals"] = Field(
        default="named",
        description="Whether billing details name each computer, or give one total a destination, Computer null.",
    )
    monitoring_utc_offset_minutes: int = Field(
        default=0,
        ge=-14 * 60,
        le=14 * 60,
        description="The zone of Monitoring's times, which carry none. Minutes east of UTC.",
    )
