"""Words of your own with a real microphone signal: recorded in one take, learned, and heard in Try."""

import re
import time

from playwright.sync_api import expect

from tests.browser.conftest import WORD
from tests.browser.pages import WORK_S, main, wait_until_calm

TAKE_S = 12.0
"""The word comes every 1.4 s: some eight times."""


def test_a_word_is_recorded_learned_and_heard(visit):
    page = visit("own_words")
    name = main(page).get_by_label("Name a word")
    name.fill(WORD)
    name.press("Enter")
    expect(main(page).get_by_text(f"{WORD} · 0 recordings")).to_be_visible()
    main(page).get_by_role("button", name="Record", exact=True).first.click()
    time.sleep(TAKE_S)
    main(page).get_by_role("button", name="Stop recording").first.click()
    began = time.monotonic()
    several = re.compile(rf"^{WORD} · ([5-9]|1\d) recordings")
    expect(main(page).get_by_text(several)).to_be_visible(timeout=1000 * WORK_S)
    wait_until_calm(page)
    main(page).get_by_role("button", name="Learn", exact=True).click()
    expect(main(page).get_by_text(f"listens for {WORD}")).to_be_visible(timeout=1000 * WORK_S)
    wait_until_calm(page)
    main(page).get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Say “{WORD}”")
    ear = page.locator(".ear")
    ear.get_by_role("button", name="Start listening").click()
    print(f"from the end of the take to listening: {time.monotonic() - began:.1f} s")
    expect(ear.locator(".heard")).to_contain_text(f"{WORD} ", timeout=1000 * WORK_S)
    ear.get_by_role("button", name="Stop").click()
    expect(ear).to_have_attribute("data-phase", "idle", timeout=1000 * WORK_S)
    wait_until_calm(page)
    main(page).get_by_role("button", name=f"Learn as “{WORD}”").first.click()
    expect(main(page).get_by_text("One more recording to learn from")).to_be_visible()
