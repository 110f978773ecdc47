"""A stock dynamic provider: one Pulumi resource and one call a binding."""
