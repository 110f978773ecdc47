"""The OpenAPI page. It loads nothing from elsewhere: Swagger UI comes with a package of this project."""

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path  # type: ignore[import-untyped]

VENDOR: Final = "MBS API"
CONTROL: Final = "Sandbox control (not the vendor's)"
TAGS: Final[list[dict[str, Any]]] = [
    {"name": VENDOR, "description": "What the sandbox stands in for. Log in first, then use the token as the bearer."},
    {"name": CONTROL, "description": "Only a sandbox has these paths. They need no token and are not in the log."},
]
_NULL: Final = {"type": "null"}
_ASSETS: Final = "/_sandbox/swagger-ui"


def serve_openapi_page(application: FastAPI) -> None:
    """Serve the page on /docs and its document on /openapi.json. Call it when all paths are there."""
    document = _as_version_3_0(application.openapi())
    application.add_route("/openapi.json", lambda _: JSONResponse(document), include_in_schema=False)
    application.mount(_ASSETS, StaticFiles(directory=swagger_ui_path))
    application.add_route("/docs", _page, include_in_schema=False)


def _as_version_3_0(document: dict[str, Any]) -> Any:  # noqa: ANN401 -- any JSON
    """Return an OpenAPI document as the older version has it.

    The package's Swagger UI is of version 4, which refuses the 3.1 that FastAPI writes. In 3.0, null is no type, a
    constant is a choice of one, and an exclusive limit is a flag.
    """
    return {**_older(document), "openapi": "3.0.3"}


def _older(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    if isinstance(value, list):
        return [_older(one) for one in value]
    if not isinstance(value, dict):
        return value
    schema = {key: _older(one) for key, one in value.items()}
    choices = schema.get("anyOf")
    if isinstance(choices, list) and _NULL in choices:
        others = [one for one in choices if one != _NULL]
        # A reference stands alone in 3.0: what is said besides it counts only outside.
        schema = {**schema, "nullable": True, "allOf" if len(others) == 1 else "anyOf": others}
        if len(others) == 1:
            del schema["anyOf"]
    if isinstance(schema.get("const"), str):
        schema["enum"] = [schema.pop("const")]
    if isinstance(schema.get("exclusiveMinimum"), int | float):
        schema.update(minimum=schema["exclusiveMinimum"], exclusiveMinimum=True)
    return schema


async def _page(request: Request) -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=request.app.title,
        swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{_ASSETS}/favicon-32x32.png",
        # Otherwise it would send the document to a validator on the internet.
        swagger_ui_parameters={"validatorUrl": None},
    )
