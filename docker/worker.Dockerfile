# A worker of any engine: Beam's SDK container with the project and its language model installed.
#   docker build -f docker/worker.Dockerfile -t YOUR-REGISTRY/corpusloom-worker .
# The tag of the base must be the version of Beam that submits the job.
ARG BEAM_VERSION=2.77.0
FROM apache/beam_python3.11_sdk:${BEAM_VERSION}
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/corpusloom
COPY pyproject.toml setup.py constraints.txt README.md LICENSE ./
COPY corpus corpus
COPY pipelines pipelines
COPY classifiers classifiers
COPY trainer trainer
RUN pip install --no-cache-dir --constraint constraints.txt .
# A worker imports the installed package, never this folder.
WORKDIR /
