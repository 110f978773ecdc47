"""Writes the JSON schemas, of the inventory for editors and of the reports for programs: `python -m tests.schemas`."""

import json
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from erasure.files.inventory import InventoryFile
from erasure.reports.plan import PlanReport
from erasure.reports.receipt import Receipt
from erasure.reports.verification import Verification

_REPORTS: Final[dict[str, type[BaseModel]]] = {
    "plan": PlanReport,
    "verification": Verification,
    "receipt": Receipt,
}


class _WithoutNull(GenerateJsonSchema):
    """An optional key is left away in the file; written without a value it is a mistake."""

    def nullable_schema(self, schema: Any) -> dict[str, Any]:  # noqa: ANN401 -- pydantic-core's NullableSchema
        """Describe the value alone."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> dict[str, Any]:  # noqa: ANN401 -- pydantic-core's WithDefaultSchema
        """Leave `null` out as a default."""
        described = super().default_schema(schema)
        return {key: value for key, value in described.items() if (key, value) != ("default", None)}


def schemas() -> dict[str, str]:
    """Return every schema's text by its file, relative to the project's root."""
    return {
        "inventory/schema.json": _text("inventory", InventoryFile.model_json_schema(schema_generator=_WithoutNull)),
        **{
            f"docs/{name}.schema.json": _text(name, report.model_json_schema(mode="serialization"))
            for name, report in _REPORTS.items()
        },
    }


def _text(title: str, schema: dict[str, Any]) -> str:
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": f"mbs-erasure {title}",
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for file, text in schemas().items():
        Path(file).write_text(text, encoding="utf-8")
