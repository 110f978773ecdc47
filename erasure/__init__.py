"""The domain: what is backed up, what is to stay, and what it takes to purge the rest. It does not know Pulumi."""
