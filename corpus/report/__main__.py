"""`python -m corpus.report FOLDER`: write the report of a finished build again."""

import sys

from corpus.report.write import main

sys.exit(main())
