"""How the MBS API answers an ID that the account does not know."""

from typing import Literal

from sandbox.vendor.errors import VendorError


def refuse_unknown(answer: Literal["null", "400", "404"]) -> None:
    """Raise the error that a setting asks for; return where it asks for 200 with the body `null`.

    That unknown IDs answer `null` is what published clients saw of other resources; the vendor documents nothing.
    """
    if answer != "null":
        raise VendorError(int(answer), "User was not found.")
