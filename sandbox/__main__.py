"""`python -m sandbox`."""

import sys

try:
    from sandbox.cli import run
except KeyboardInterrupt:  # loading takes long enough to be interrupted
    sys.exit(130)

if __name__ == "__main__":
    run()
