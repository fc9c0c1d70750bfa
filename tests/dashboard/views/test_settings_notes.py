"""What stands below each setting, read by several visitors at once."""

import inspect
import time
from concurrent.futures import ThreadPoolExecutor

from core.config import TrainingConfig
from dashboard.views.training import settings_form


class Litter:
    """Garbage that can only be collected, and lets another thread go on meanwhile."""

    def __init__(self):
        self.me = self

    def __del__(self):
        time.sleep(0)


def test_notes_that_many_visitors_read_at_once_are_whole(monkeypatch):
    source, expected = inspect.getsource(TrainingConfig), settings_form.field_notes(TrainingConfig)

    def littered(_kind):
        # Collected while the syntax tree is built: whoever builds it has to give way in the middle.
        for _ in range(300):
            Litter()
        return source

    monkeypatch.setattr(inspect, "getsource", littered)

    def read(_number):
        settings_form._field_notes.cache_clear()
        return settings_form.field_notes(TrainingConfig)

    with ThreadPoolExecutor(8) as visitors:
        assert all(found == expected for found in visitors.map(read, range(40)))
