"""What the MBS API answers. Keys are spelled as the vendor spells them, which differs by resource.

Source: the vendor's documentation of each resource.
"""

from pydantic import BaseModel, Field


class Refusal(BaseModel):
    """An error."""

    Message: str


class LoginAnswer(BaseModel):
    """A token that is good for `expires_in` seconds. POST api/Provider/Login."""

    access_token: str
    token_type: str
    expires_in: int
    userName: str  # noqa: N815 -- the vendor's spelling
    issued: str = Field(serialization_alias=".issued")
    expires: str = Field(serialization_alias=".expires")


class LoginRefusal(BaseModel):
    """A login that is refused."""

    error: str
    error_description: str


class UserComputer(BaseModel):
    """A computer and the destination that holds its data. GET api/Users/{userId}/Computers."""

    DestinationId: str
    ComputerName: str


class UserDestination(BaseModel):
    """A destination of a user, with the bytes stored there."""

    ID: str
    CurrentVolume: int
    PackageID: int
    AccountID: str
    AccountDisplayName: str
    Destination: str
    DestinationDisplayName: str


class User(BaseModel):
    """A user. `Email` is the login, `SpaceUsed` is in kilobytes. GET api/Users/{id}."""

    ID: str
    Email: str
    FirstName: str
    LastName: str
    NotificationEmails: list[str]
    Company: str
    Enabled: bool
    LicenseManagmentMode: int
    DestinationList: list[UserDestination]
    SpaceUsed: int


class PlanRun(BaseModel):
    """The latest run of a plan. Times carry no zone, sizes are in bytes. GET api/Monitoring.

    Status: 0 success, 1 overdue, 2 error, 3 running, 4 unknown, 5 interrupted, 6 closed unexpectedly, 7 warning.
    """

    PlanName: str
    CompanyName: str | None
    UserName: str
    UserID: str
    ComputerName: str
    BuildVersion: str
    StorageType: str
    LastStart: str | None
    NextStart: str | None
    Status: int
    ErrorMessage: str | None
    FilesCopied: int
    FilesFailed: int
    DataCopied: int
    Duration: str
    DataToBackup: int
    TotalData: int
    FilesScanned: int
    FilesToBackup: int
    PlanId: str
    PlanType: int
    DetailedReportLink: str | None


class BilledComputer(BaseModel):
    """How much a computer stores at a destination, in bytes."""

    Computer: str | None
    SizeBackup: int
    SizeRestore: int
    Prefix: str
    AccountID: str
    Destination: str


class BillingDetails(BaseModel):
    """How much a user stores, in bytes. PUT api/Billing/Details."""

    TotalBackupBytes: int
    TotalRestoreBytes: int
    UserID: str
    UserDetailList: list[BilledComputer]
