"""What the documents of this project have in common, from one part of it to another and to the outside."""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A document, or a part of one. It does not change, and an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def text(self) -> str:
        """Return the JSON form in its one spelling, so that every byte of a copy can be checked."""
        return self.model_dump_json(indent=2) + "\n"
