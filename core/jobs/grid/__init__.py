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
    start_grid,
    stop_grid,
)
from core.jobs.grid.plan import PLANS, Cell, GridPlan, plan_named

__all__ = [
    "PLANS",
    "Cell",
    "GridPlan",
    "GridState",
    "cell_states",
    "delete_grid",
    "folder_of",
    "grid_names",
    "grid_scores",
    "grid_state",
    "list_grids",
    "new_grid",
    "plan_named",
    "start_grid",
    "stop_grid",
]
