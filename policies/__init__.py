"""The rules of a purge, as pure functions over a plan and what the account says about it."""
