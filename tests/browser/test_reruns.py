"""What other tests rely on: who waits until a page is calm has the answer to the last click."""

import os
import signal
from threading import Timer
from unittest.mock import Mock

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.pages import main, wait_until_calm
from tests.browser.reruns import Conversation

BUSY_S = 0.5


def test_a_page_is_not_calm_before_a_busy_server_has_answered_the_last_click(visit, add_model, server):
    add_model()
    page = visit("live")
    os.kill(server.process.pid, signal.SIGSTOP)
    Timer(BUSY_S, os.kill, (server.process.pid, signal.SIGCONT)).start()
    page.get_by_role("radio", name="Drop a file").click()
    wait_until_calm(page)
    assert main(page).locator('input[type="file"]').count() == 1


class Talk(Conversation):
    """A conversation of made-up messages; without a fragment they are about the whole page."""

    def __init__(self):
        super().__init__(Mock())

    def ask(self, fragment=""):
        message = BackMsg()
        message.rerun_script.fragment_id = fragment
        self.on_sent(message.SerializeToString())

    def tell(self, message):
        self.on_received(message.SerializeToString())

    def begin(self, *fragments, draws=()):
        message = ForwardMsg()
        message.new_session.SetInParent()
        message.metadata.run.fragment_ids.extend(fragments)
        self.tell(message)
        for one in draws or fragments:
            drawn = ForwardMsg()
            drawn.delta.add_block.SetInParent()
            drawn.delta.fragment_id = one
            self.tell(drawn)

    def end(self, status=ForwardMsg.FINISHED_SUCCESSFULLY):
        self.tell(ForwardMsg(script_finished=status))

    def drop(self, fragment):
        message = ForwardMsg()
        message.stop_auto_rerun.fragment_ids.append(fragment)
        self.tell(message)


@pytest.fixture
def talk():
    """A page with two fragments on it, of which all is drawn."""
    one = Talk()
    one.ask()
    one.begin(draws=["ear", "words"])
    one.end()
    assert one.is_answered
    return one


def test_a_run_answers_what_was_asked_before_it_began(talk):
    talk.ask()
    talk.begin(draws=["ear"])
    talk.ask()
    talk.end()
    assert not talk.is_answered
    talk.begin(draws=["ear"])
    talk.end()
    assert talk.is_answered


def test_a_fragment_s_run_answers_for_that_fragment_alone(talk):
    talk.ask("ear")
    talk.ask("words")
    talk.begin("ear")
    talk.end(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
    assert not talk.is_answered
    talk.begin("words")
    talk.end(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
    assert talk.is_answered


def test_a_run_that_ends_for_another_is_no_answer(talk):
    talk.ask("ear")
    talk.begin("ear")
    talk.end(ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    assert not talk.is_answered
    talk.begin(draws=["ear", "words"])
    talk.end()
    assert talk.is_answered


def test_a_run_that_was_complete_is_an_answer_though_another_fragment_s_came_in_the_same_moment(talk):
    talk.ask("ear")
    talk.begin("ear")
    talk.ask("words")
    talk.end(ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    assert not talk.is_answered
    talk.begin("words")
    talk.end(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
    assert talk.is_answered


def test_a_fragment_that_begins_anew_of_itself_answers_with_its_second_run(talk):
    talk.ask("ear")
    talk.begin("ear")
    talk.end(ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    talk.begin("ear")
    assert not talk.is_answered
    talk.end(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
    assert talk.is_answered


def test_what_is_asked_for_a_fragment_of_the_page_before_is_answered_with_the_next_page(talk):
    # Streamlit drops it without a word (AppSession.request_rerun).
    talk.ask()
    talk.begin(draws=["table"])
    talk.ask("ear")
    assert not talk.is_answered, "it may be on the next page too"
    talk.end()
    assert talk.is_answered


def test_what_is_asked_for_a_fragment_that_is_gone_waits_for_nothing(talk):
    talk.ask()
    talk.begin(draws=["table"])
    talk.end()
    talk.ask("ear")
    assert talk.is_answered


def test_what_is_asked_for_a_fragment_inside_another_that_draws_itself_without_it_is_dropped_too(talk):
    talk.ask("words")
    talk.ask("ear")
    talk.begin("words")
    talk.drop("ear")
    talk.end(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
    assert talk.is_answered
