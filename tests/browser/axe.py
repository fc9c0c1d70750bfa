"""axe-core, which finds what keeps people from using a page: fetched from npm once, and checked by its sum."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.server import PROJECT

VERSION = "4.14.1"
SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""Of the package, in base64, as npm's registry states it."""

FOLDER = PROJECT / ".make" / "axe"
LOOKS = 8
"""How often a page is looked at that has faults, three seconds apart: a fault is one that stays."""

GRAVE = ("serious", "critical")

STREAMLITS_OWN = {
    # The menu's sections: list items in a `div` in the list.
    ("list", "[data-testid=stSidebarNavItems]"),
    ("listitem", "[data-testid=stSidebarNavItems] li"),
}
"""Faults that no page of ours can mend: the rule, and where it may be broken."""

OF_COLOUR = ("color-contrast", "link-in-text-block")
"""What may change with the theme, of all that axe-core looks at."""

FAULTS = """async ([grave, known, rules]) => {
    const only = rules.length ? { runOnly: { type: 'rule', values: rules } } : {};
    const { violations } = await axe.run(document, { resultTypes: ['violations'], ...only });
    const found = target => (typeof target[0] === 'string' ? document.querySelector(target[0]) : null);
    const isKnown = (rule, target) => known.some(([id, where]) => id === rule && found(target)?.matches(where));
    return violations.filter(({ impact }) => grave.includes(impact)).flatMap(({ id, help, nodes }) =>
        nodes.filter(({ target }) => !isKnown(id, target)).map(
            ({ html, failureSummary }) => `${id} (${help}): ${html.slice(0, 200)} ${failureSummary}`
        )
    );
}"""


@cache
def source() -> str:
    """The program."""
    packed = FOLDER / f"axe-core-{VERSION}.tgz"
    if not packed.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("axe-core comes from npm, which is not installed (Debian, Ubuntu: apt-get install npm)")
        FOLDER.mkdir(parents=True, exist_ok=True)
        # Another process of these tests may do the same now: each finds a whole file or none.
        with tempfile.TemporaryDirectory(dir=FOLDER) as apart:
            pack = [npm, "pack", f"axe-core@{VERSION}", "--pack-destination", apart]
            subprocess.run(pack, check=True, capture_output=True, timeout=120)
            Path(apart, packed.name).replace(packed)
    found = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    assert found == SHA512, f"{packed} is not the package that was looked at; remove it"
    with tarfile.open(packed) as package:
        return package.extractfile("package/axe.min.js").read().decode()


def faults(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """The serious and critical faults of what the page shows now, one a line; of all rules where none are named."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(source())
    return page.evaluate(FAULTS, [list(GRAVE), [list(each) for each in STREAMLITS_OWN], list(rules)])


def assert_accessible(page: Page, rules: Sequence[str] = ()) -> None:
    """Nothing on the page keeps somebody from reading or using it, once it has come to rest.

    What an earlier run of the page drew is pale while the next one goes on, which a theme that changes asks for.
    """
    for _ in range(LOOKS):
        found = faults(page, rules)
        if not found:
            return
        page.wait_for_timeout(3000)
    assert not found, f"{page.url}:\n" + "\n".join(found)
