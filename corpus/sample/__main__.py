"""`python -m corpus.sample FOLDER`: write the embedded sample web."""

import sys

from corpus.sample.write import main

sys.exit(main(sys.argv[1:]))
