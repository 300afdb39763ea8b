"""More seeds on demand: `python -m tests.simulation --seeds 10000 --from 500`; one told turn by turn: `--seed 7`."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.city import build
from tests.simulation.trial import described, tried

SHOWN = 20  # faults of a seed that is told turn by turn


def main() -> int:
    """Exit 0 when nothing was found, 1 when a seed shows a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000, help="how many seeds")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first one")
    parser.add_argument("--seed", type=int, help="play one seed and tell what happens")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    given = parser.parse_args()
    if given.seed is not None:
        city = build(given.seed)
        print(described(city))
        faults = tried(given.seed, told=print)
        for fault in faults[:SHOWN]:
            print("!", fault)
        print(f"seed {given.seed}: {len(faults)} faults")
        return int(bool(faults))
    failed = 0
    seeds = range(given.first, given.first + given.seeds)
    with ProcessPoolExecutor(given.jobs) as pool:
        for seed, faults in zip(seeds, pool.map(tried, seeds, chunksize=10), strict=True):
            if faults:
                failed += 1
                print(f"seed {seed}: {len(faults)} faults, the first: {faults[0]}", flush=True)
    print(f"seeds {seeds.start} to {seeds.stop - 1}: {failed} of {len(seeds)} with faults")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
