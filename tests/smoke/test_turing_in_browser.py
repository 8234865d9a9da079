"""The visual Turing test as a rater meets it: a whole session in headless Chromium."""

import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from browser import driven
from gan_repro.turing.report import Result, results
from gan_repro.turing.votes import Votes
from tiny_project import Project

RUN = "jgan.cifar10_sngan.clean.seed0"
FILE = "data/08_reporting/turing/smoke.sqlite"
NEW = ("--votes", "new.sqlite")
PATIENCE = 60
"""Seconds for a page to arrive, on a busy machine."""
JUDGED = "return [...document.querySelectorAll('input:checked')].map((one) => one.value)"
IMAGES = "return [...document.images].map((one) => one.complete && one.naturalWidth)"
REQUESTED = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
SIDEWAYS = (
    "const page = document.documentElement; return Math.max(0, page.scrollWidth - page.clientWidth)"
)
UNNAMED = """
const named = (one) => one.alt || one.labels?.length || one.textContent.trim();
return [...document.querySelectorAll("img, input:not([type=hidden]), button, a")]
  .filter((one) => !named(one))
  .map((one) => one.outerHTML)"""


@pytest.fixture(scope="module")
def trained(template: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tiny project with one trained run."""
    folder = tmp_path_factory.mktemp("turing") / "project"
    made = Project(shutil.copytree(template.root, folder))
    made.run("kedro", "run", "--to-outputs", f"{RUN}.snapshots,images.digits.test")
    return made


@contextmanager
def served(project: Project, *options: str) -> Iterator[str]:
    """The address of the pages while the command runs."""
    command = ("kedro", "turing-test", "--run", RUN, "--port", "0", *options)
    process = project.start(*command)
    try:
        assert process.stdout is not None
        found = re.match(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert found, process.communicate()[0]
        yield found[0]
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Traceback" not in said


def arrive(browser: Chrome, address: str) -> None:
    """Wait until a page is there, with its images and its script."""

    def there(browser: Chrome) -> bool:
        state = browser.execute_script("return [location.href, document.readyState]")
        return bool(state == [address, "complete"])

    WebDriverWait(browser, PATIENCE).until(there)


def enter(browser: Chrome, address: str, name: str) -> None:
    browser.get(address)
    assert browser.execute_script(UNNAMED) == []
    browser.find_element(By.ID, "name").send_keys(name, Keys.ENTER)
    arrive(browser, f"{address}judge")


def heading(browser: Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "h1").text


def check_page(browser: Chrome, address: str) -> None:
    """Nothing is missing, unnamed, too wide, or asked of another place."""
    assert browser.execute_script(IMAGES) == [8] * 9
    assert browser.execute_script(SIDEWAYS) == 0
    assert browser.execute_script(UNNAMED) == []
    requested = browser.execute_script(REQUESTED)
    assert requested
    assert all(name.startswith(address) for name in requested)
    assert browser.get_log("browser") == []


def keys(browser: Chrome, *pressed: str) -> None:
    browser.switch_to.active_element.send_keys(*pressed)


def by_keyboard(browser: Chrome, address: str) -> list[str]:
    """Judge a page with keys alone: 2 and 9 generated, 5 generated and back, the rest real."""
    check_page(browser, address)
    keys(browser, Keys.ENTER)  # nothing is sent before all nine are judged
    assert heading(browser) == "Real or generated?"
    keys(browser, "2", "5", "9", "5")
    assert browser.find_element(By.TAG_NAME, "output").text == "3 of 9 judged"
    keys(browser, "r")
    answers = browser.execute_script(JUDGED)
    keys(browser, Keys.ENTER)
    arrive(browser, f"{address}answers")
    return answers


def by_touch(browser: Chrome, address: str) -> list[str]:
    """Judge a page with taps: on an image, on labels, and on a button for the rest."""
    check_page(browser, address)
    places = browser.find_elements(By.TAG_NAME, "fieldset")
    for label in places[0].find_elements(By.TAG_NAME, "label"):
        assert label.size["height"] >= 44
    places[0].find_element(By.TAG_NAME, "img").click()
    places[1].find_elements(By.TAG_NAME, "label")[0].click()
    places[2].find_elements(By.TAG_NAME, "label")[1].click()
    browser.find_element(By.CSS_SELECTOR, "[data-rest=real]").click()
    answers = browser.execute_script(JUDGED)
    browser.find_element(By.XPATH, "//button[.='Send']").click()
    arrive(browser, f"{address}answers")
    return answers


def result(project: Project) -> Result:
    return results(project.root / FILE)[RUN]


def test_a_session_is_found_in_the_file_and_in_the_report(trained: Project, tmp_path: Path) -> None:
    called: list[str] = []
    with served(trained, "--samples", "60") as address:
        with driven(tmp_path / "desk", "--window-size=1100,1200") as browser:
            enter(browser, address, "Ann")
            called += by_keyboard(browser, address)
            assert re.fullmatch(r"\d of 9 right", heading(browser))
            check_page(browser, address)
            keys(browser, Keys.ENTER)  # "Next page" has the focus
            arrive(browser, f"{address}judge")
            assert "Ann, page 2" in browser.page_source
        with driven(tmp_path / "phone", "--window-size=500,900") as browser:
            enter(browser, address, "ann")  # by name, on another device
            assert "Ann, page 2" in browser.page_source
            called += by_touch(browser, address)
            score = browser.find_element(By.ID, "score").text
    assert called[:9] == ["real", "generated", *["real"] * 6, "generated"]
    assert called[9:] == ["generated", "real", "generated", *["real"] * 6]
    cast = Votes(trained.root / FILE).cast()
    assert [vote.called_generated for vote in cast] == [said == "generated" for said in called]
    found = result(trained)
    assert (found.raters, found.overall.votes) == (1, 18)
    assert found.overall.errors == sum(vote.wrong for vote in cast)
    assert score == f"Ann, so far {18 - found.overall.errors} of 18"
    said = trained.run("kedro", "turing-test", "--report")
    assert f"{RUN}: 18 votes of 1 rater" in said
    assert f"{found.overall.errors}/18" in said
    assert "needs 3 raters" in said


def test_votes_outlive_a_process_that_is_killed(trained: Project, tmp_path: Path) -> None:
    file = "other.sqlite"
    process = trained.start("kedro", "turing-test", "--run", RUN, "--port", "0", "--votes", file)
    assert process.stdout is not None
    address = process.stdout.readline().split()[0]
    try:
        with driven(tmp_path / "profile") as browser:
            enter(browser, address, "Ann")
            by_keyboard(browser, address)
    finally:
        process.kill()
        process.communicate()
    assert results(trained.root / file)[RUN].overall.votes == 9


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--run", "jgan.cifar10_sngam.clean.seed0"), f"Did you mean '{RUN}'"),
        (("--run", "jgan.cifar10_real.clean.seed0"), "trains no run called"),
        (("--run", "jgan.cifar10_jgan.noise00.seed0"), "there are no snapshots"),
        (("--run", RUN, "--samples", "5"), "Ask for more --samples"),
        (("--run", RUN, "--samples", "70"), "(samples: 60 -> 70). Votes on both must not be mixed"),
        (("--run", RUN, *NEW, "--host", "192.0.2.1"), "cannot be served at 192.0.2.1"),
        (("--run", RUN, "--report"), "either name trained runs with --run"),
        ((), "either name trained runs with --run"),
        (("--report", "--votes", "pyproject.toml"), "file is not a database"),
    ],
)
def test_what_cannot_be_is_refused_and_said(
    trained: Project, options: tuple[str, ...], said: str
) -> None:
    refused = trained.run("kedro", "turing-test", *options, fails=True)
    assert said in " ".join(refused.split())
    assert "Traceback" not in refused
