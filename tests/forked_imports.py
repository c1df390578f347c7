"""What the server of `forked` imports before it is asked for a command: Beam, as our commands import it, and Arrow."""

from pipelines.runtime.beam_import import import_beam

import_beam()

import pipelines.builds.texts  # noqa: E402
import pipelines.builds.token_shards  # noqa: E402
import pipelines.builds.vocabulary  # noqa: E402
import pipelines.builds.webtext  # noqa: E402
import pipelines.cli.command  # noqa: E402
import pipelines.runtime.driver  # noqa: E402, F401
