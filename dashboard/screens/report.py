"""A model in one file: what it learned and what that is worth, to send or to keep."""

from dashboard.shared import picker, report_button
from dashboard.shared.widgets import begin_page, explained
from dashboard.views import report

begin_page("Report", "One HTML file with everything that is kept about a model, readable without this program.")

run = picker.require_model("write a report about it")
report_button.draw(run.folder, "report")
with explained():
    report.facts(run)
