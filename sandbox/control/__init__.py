"""The control side: paths under /_sandbox that no vendor has."""
