"""Put the gains of one's own grids, measured alike, together as the map that comes with the project.

    python scripts/ship_gain_map.py [--add] GRID [GRID ...]

With --add they join what the project's map has. What two of them trained counts once, as the first has it. Their
models stay where they are.
"""

from __future__ import annotations

import argparse

from core.errors import ConfigError
from core.jobs import grid
from core.runs import keep
from core.studies.gain_map import SHIPPED, STUDY, GainMap, gains, merged


def map_of(name: str) -> GainMap:
    """All that was measured of a grid, clean and in noise, on the official test set."""
    plan, _, _ = grid.read_plan(folder := grid.folder_of(name))
    found = grid.gain_map(folder, plan, "official")
    if not found.n_noisy:
        raise ConfigError(f"{name} was not tested in noise: python -m core grid --resume {name} --in-noise")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("grids", metavar="GRID", nargs="+")
    parser.add_argument("--add", action="store_true")
    options = parser.parse_args()
    known = [keep.load(STUDY, SHIPPED)] if options.add else []
    together = merged([*known, *(map_of(name) for name in options.grids)])
    keep.write(STUDY, SHIPPED, together)
    print(f"{SHIPPED}: {sum(len(one.seeds) for one in together.measured):,} accuracies, {len(gains(together))} gains")
