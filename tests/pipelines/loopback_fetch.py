"""The command `fetch` with servers on loopback, as a program of its own that a test can kill.

python loopback_fetch.py PORT HOST,HOST… FLAG…
"""

import sys

from corpus.fetching.network import Reach
from pipelines.fetch import main

if __name__ == "__main__":
    port, hosts = int(sys.argv[1]), sys.argv[2].split(",")
    names = {host: ["127.0.0.1"] for host in hosts}
    sys.exit(main(sys.argv[3:], Reach(frozenset((port,)), frozenset((("127.0.0.1", port),)), names)))
