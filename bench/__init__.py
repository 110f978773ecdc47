"""`make bench`: this project and what one would use in its place, measured side by side on the sandbox."""
