"""Results of runs as the tests put them in place and read them back."""

from core.runs import keep
from core.studies import evaluation
from core.studies.listening import kept as listening


def evaluation_path(run, dataset, protocol):
    """Where a new evaluation of a run is kept."""
    return keep.results_folder(run) / evaluation.STUDY.file(dataset, protocol)


def saved_evaluation(run, dataset, protocol):
    """The evaluation of a run that is read."""
    return keep.find(run, evaluation.STUDY.file(dataset, protocol))


def saved_evaluations(run):
    """All of them."""
    return keep.find_all(run, evaluation.STUDY)


def load_evaluation(path):
    """An evaluation from its file."""
    return keep.load(evaluation.STUDY, path)


def save_evaluation(path, one):
    """Put an evaluation into its place."""
    keep.make_room(path)
    keep.write(evaluation.STUDY, path, one)


def report_path(run):
    """The stream test of a run that is read."""
    return keep.find(run, listening.FILE)


def load_report(run):
    """The stream test of a run."""
    return keep.load(listening.STUDY, report_path(run))


def save_report(run, report):
    """Keep a stream test with a run."""
    keep.save(listening.STUDY, run, listening.FILE, report)
