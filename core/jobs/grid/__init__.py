"""Many trainings: settings, models, numbers of filters, bases and seeds, crossed; queued and resumable."""

from core.jobs.grid.folder import (
    GridState,
    cell_states,
    delete_grid,
    folder_of,
    grid_names,
    grid_scores,
    grid_state,
    list_grids,
    new_grid,
    read_plan,
    start_grid,
    stop_grid,
)
from core.jobs.grid.noise import SNRS_DB, gain_map, measure_in_noise, n_measured
from core.jobs.grid.plan import PLANS, Cell, GridPlan, config_of, plan_named

__all__ = [
    "PLANS",
    "SNRS_DB",
    "Cell",
    "GridPlan",
    "GridState",
    "cell_states",
    "config_of",
    "delete_grid",
    "folder_of",
    "gain_map",
    "grid_names",
    "grid_scores",
    "grid_state",
    "list_grids",
    "measure_in_noise",
    "n_measured",
    "new_grid",
    "plan_named",
    "read_plan",
    "start_grid",
    "stop_grid",
]
