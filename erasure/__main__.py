"""`python -m erasure`."""

from erasure.console.main import run

if __name__ == "__main__":
    run()
