"""How a path's function gets at the sandbox that it works on."""

from typing import Annotated, cast

from fastapi import Depends, Request

from sandbox.sandbox import Sandbox


async def _sandbox_of(request: Request) -> Sandbox:
    return cast("Sandbox", request.app.state.sandbox)


Here = Annotated[Sandbox, Depends(_sandbox_of)]
"""The sandbox that answers a request."""
