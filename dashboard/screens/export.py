"""A model taken elsewhere: files that run, or load, without this program."""

from dashboard.shared import picker
from dashboard.shared.widgets import begin_page, explained
from dashboard.views import export

begin_page(
    "Export", "The model as files that work without this program: to build it into something, or to go on with it."
)

run = picker.require_model("export it")
with explained():
    export.whole_model(run)
    export.basis(run)
    export.microcontrollers()
