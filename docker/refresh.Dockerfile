# The service that keeps a corpus current, and single refreshes of it.
#   docker build -f docker/refresh.Dockerfile -t YOUR-REGISTRY/corpusloom-refresh .
#   docker run -v /srv/corpus:/corpus -p 127.0.0.1:8080:8080 YOUR-REGISTRY/corpusloom-refresh \
#     serve /corpus/corpus.toml --cron '0 3 * * 0' --host 0.0.0.0
FROM python:3.11-slim AS made
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/corpusloom
COPY pyproject.toml setup.py constraints.txt README.md LICENSE ./
COPY corpus corpus
COPY pipelines pipelines
COPY classifiers classifiers
COPY trainer trainer
RUN python -m venv /opt/venv && \
    /opt/venv/bin/pip install --no-cache-dir --constraint constraints.txt '.[serve]'
# The compiler stays behind.
FROM python:3.11-slim
COPY --from=made /opt/venv /opt/venv
RUN useradd --uid 1000 --create-home corpus
USER corpus
WORKDIR /corpus
VOLUME /corpus
EXPOSE 8080
ENTRYPOINT ["/opt/venv/bin/python", "-m", "pipelines.refresh"]
CMD ["--help"]
