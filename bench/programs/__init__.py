"""What the rivals of this project run: as one writes them without giving it much thought, and with their defaults."""
