# The image that starts builds on Dataflow: as the driver of a whole build, and as the launcher of a Flex Template.
#   docker build -f docker/worker.Dockerfile -t YOUR-REGISTRY/corpusloom-worker .
#   docker build -f docker/launcher.Dockerfile -t YOUR-REGISTRY/corpusloom-launcher \
#     --build-arg WORKER=YOUR-REGISTRY/corpusloom-worker --build-arg LAUNCHER=GOOGLES-PYTHON3-TEMPLATE-LAUNCHER-BASE .
# Launcher and workers share one installation, so that a stage means the same on both sides.
ARG LAUNCHER
ARG WORKER
FROM ${LAUNCHER} AS launcher
FROM ${WORKER}
COPY --from=launcher /opt/google/dataflow/python_template_launcher /opt/google/dataflow/python_template_launcher
COPY pipelines/engines/launch.py /template/launch.py
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/template/launch.py
# Which build this template launches: another with --build-arg PIPELINE=build_books.
ARG PIPELINE=build_webtext
ENV CORPUSLOOM_PIPELINE=${PIPELINE}
ENTRYPOINT ["/opt/google/dataflow/python_template_launcher"]
