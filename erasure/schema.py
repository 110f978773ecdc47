"""Writes the inventory's JSON schema for editors: `python -m erasure.schema > inventory/schema.json`."""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from erasure.inventory import InventoryFile


class _WithoutNull(GenerateJsonSchema):
    """An optional key is left away in the file; written without a value it is a mistake."""

    def nullable_schema(self, schema: Any) -> dict[str, Any]:  # noqa: ANN401 -- pydantic-core's NullableSchema
        """Describe the value alone."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> dict[str, Any]:  # noqa: ANN401 -- pydantic-core's WithDefaultSchema
        """Leave `null` out as a default."""
        described = super().default_schema(schema)
        return {key: value for key, value in described.items() if (key, value) != ("default", None)}


def schema() -> str:
    """Return the JSON schema of an inventory file, as text that ends with a line break."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **InventoryFile.model_json_schema(schema_generator=_WithoutNull),
        "title": "mbs-erasure inventory",
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(schema(), end="")  # noqa: T201 -- this is its output
