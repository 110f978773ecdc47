"""The vendor's API, MSP360 Managed Backup (MBS), and nothing else: it knows neither Pulumi nor the rules of a purge."""
