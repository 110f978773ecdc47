"""What the API tells, as far as a purge needs it.

Key spellings are the vendor's, and differ by resource. Unknown keys are let pass: the API grows.
"""

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class UserComputer(_Answer):
    """A computer of a user, and a destination that holds its data: what a purge addresses.

    It has no other fields: no size, date or hardware ID. Source: GET api/Users/{userId}/Computers.
    """

    destination_id: str = Field(alias="DestinationId", min_length=1)
    computer_name: str = Field(alias="ComputerName", min_length=1)


class User(_Answer):
    """An MBS user, as far as needed to know that the account still has it. Source: GET api/Users/{id}."""

    id: str = Field(alias="ID", min_length=1)
    login: str | None = Field(default=None, alias="Email")
