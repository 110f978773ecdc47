"""How getting the engine can fail. Every text says what, where, and what to do.

EngineError     there will be no engine
  Unavailable   there will be none by this way; the next may do
"""


class EngineError(Exception):
    """The sentence that the user reads."""


class Unavailable(EngineError):
    """Why one way to an engine is closed."""
