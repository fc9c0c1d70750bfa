"""What outcomes of an experiment say about chance."""

from core.records.ablation import Experiment, Findings, Outcome


def test_several_changes_are_called_clear_by_one_test_corrected_for_their_number():
    # Six clips to none happen by luck once in 32 times: one such change is clear alone, and not among ten.
    def findings(n_outcomes):
        same = Outcome("same", None, 100, 50, 0, 0)
        told = Outcome("six lost", None, 100, 44, 0, 6)
        return Findings(
            experiment=Experiment(kind="swap"),
            run="r",
            model="linear",
            setting="D",
            dataset="d",
            protocol="official",
            n_all=100,
            n_validation=0,
            baseline=0.1,
            baseline_label="go",
            untouched=same,
            reference=same,
            outcomes=(told,) * n_outcomes,
            seconds=1.0,
        )

    assert findings(1).clear == (True,)
    assert findings(10).clear == (False,) * 10
