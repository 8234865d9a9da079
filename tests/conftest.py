"""Shared by all tests; being here also puts this folder on the import path.

A skipped test is a failed session: what cannot be tested here must say so by failing.
"""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every skipped test, since the session fails for it."""
    for report in terminalreporter.getreports("skipped"):
        terminalreporter.write_line(f"SKIPPED, which counts as failed: {report.nodeid}", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session in which a test was skipped or in which none ran."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
