"""The command `fetch_captures` with a short back-off, as a program of its own that a test can kill."""

import sys

from pipelines.fetch_captures import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], first_pause=0.01))
