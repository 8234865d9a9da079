"""Hold the simulated schedule of the paper scale against Ray: 8 pretended GPUs, sleeping nodes.

Every node of the paper scale sleeps for its estimated time, shrunk so that the schedule lasts two
minutes. Ray is told of 8 GPUs, which sleeping nodes do not need to have. Fails where Ray's time is
more than 1.1 times the simulated one. Usage: python benchmarks/ray_schedule.py [SECONDS]
"""

import dataclasses
import sys
import time
from pathlib import Path

import ray

from gan_repro import pipeline_registry
from gan_repro.campaign import read_campaign
from gan_repro.paper_scale import MACHINE, SCALE, Suite
from gan_repro.planning import cluster
from gan_repro.runners.dispatch import dispatch
from gan_repro.runners.view import View
from gan_repro.scheduling import Board, Job
from gan_repro.simulation import simulate

CONF = Path(__file__).parents[1] / "conf"
GPUS, LIMIT = 8, 1.1


@ray.remote(max_calls=0)  # else each node with a share of a GPU gets a process of its own
def sleep(seconds: float) -> str:
    time.sleep(seconds)
    return str(ray.get_runtime_context().get_node_id())


def shrunk(total: float) -> list[Job]:
    """The whole suite's nodes, so that the simulated schedule lasts ``total`` seconds."""
    campaign = read_campaign(CONF, SCALE)
    pipeline = pipeline_registry.build(campaign)["__default__"]
    jobs = Suite(CONF, campaign, MACHINE).jobs(pipeline)
    factor = total / simulate(jobs, cluster(GPUS)).seconds
    return [dataclasses.replace(job, seconds=job.seconds * factor, trains=False) for job in jobs]


def main() -> int:
    jobs = shrunk(float(sys.argv[1]) if len(sys.argv) > 1 else 120.0)
    there, order = cluster(GPUS), list[str]()
    expected = simulate(jobs, there)
    ray.init(address="local", num_cpus=int(there.cpus), num_gpus=GPUS, include_dashboard=False)
    ray.get([sleep.options(num_cpus=1).remote(0.5) for _ in range(4 * GPUS)])  # workers start

    def submit(job: Job) -> "ray.ObjectRef[str]":
        order.append(job.name)
        return sleep.options(num_cpus=job.cpus, num_gpus=job.gpus).remote(job.seconds)

    board = Board(jobs)
    with View(board, SCALE) as view:
        began = time.perf_counter()
        dispatch(board, submit, view)
        took = time.perf_counter() - began
    ray.shutdown()
    place = {name: number for number, name in enumerate(expected.order)}
    moved = sum(abs(place[name] - number) for number, name in enumerate(order)) / len(order)
    print(f"{len(jobs)} nodes on {GPUS} GPUs: simulated {expected.seconds:.1f} s, Ray {took:.1f} s")
    print(f"ratio {took / expected.seconds:.3f}, at most {LIMIT}")
    print(f"a node starts {moved:.1f} places from its simulated one, in the mean")
    return int(took > LIMIT * expected.seconds)


if __name__ == "__main__":
    sys.exit(main())
