"""The reviewed files: strict YAML, what may stand in it, and lines that are added to a file which people edit."""
