"""A cluster of two processes on this machine, and what it has run."""

from contextlib import contextmanager

from distributed import Client, LocalCluster


@contextmanager
def small_cluster():
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(processes=True, **options) as cluster, Client(cluster) as client:
        yield client


def tasks_of(client):
    """Kinds of tasks that the cluster has had so far."""
    return client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.task_prefixes))
