"""Corpusloom on Airflow: look whether anything is new, refresh, tell what the new release differs in.

Each task is the command that a person would give, in a process of its own; Airflow needs no package of ours. `check`
ends with 10 where nothing is new, and the rest is skipped then.
"""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PYTHON, FOLDER = "/opt/corpusloom/bin/python", "/srv/corpus"
REFRESH = f"{PYTHON} -m pipelines.refresh"

with DAG(
    dag_id="corpusloom_refresh",
    description="Weekly release of the corpus in /srv/corpus",
    schedule="0 3 * * 0",
    start_date=datetime(2026, 1, 4),
    catchup=False,
    max_active_runs=1,
    tags=["corpusloom"],
) as dag:
    check = BashOperator(task_id="check", bash_command=f"{REFRESH} check corpus.toml", cwd=FOLDER, skip_on_exit_code=10)
    refresh = BashOperator(
        task_id="refresh",
        bash_command=f"{REFRESH} run corpus.toml",
        cwd=FOLDER,
        retries=2,
        retry_delay=timedelta(minutes=10),
    )
    history = BashOperator(task_id="history", bash_command=f"{REFRESH} history corpus.toml", cwd=FOLDER)
    check.set_downstream(refresh)
    refresh.set_downstream(history)
