# SPDX-License-Identifier: MIT
"""What all run tests share: where the binaries are, how eighth is run, what a report holds.

EIGHTH_BUILD (default "build") and EIGHTH_FLAVOR (default "plain") say which binaries are tested;
EIGHTH_TIME_FACTOR (default 1, sanitizer flavors 5) stretches deadlines on slow machines.
"""

import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLAVOR = os.environ.get("EIGHTH_FLAVOR", "plain")
BUILD = (ROOT / os.environ.get("EIGHTH_BUILD", "build")).resolve()
OUT = BUILD / FLAVOR
TIME_FACTOR = float(os.environ.get("EIGHTH_TIME_FACTOR", "1" if FLAVOR == "plain" else "5"))
# Limits of the tests are there for what hangs: wide enough for a machine that does other work.
GUARD = 3

# A small scenario in clear text: the clients of tests/run/clients speak no HTTP.
BARE = {
    "name": "bare",
    "target": {"embedded": {"tls": False}},
    "client": {"library": "h2"},
    "load": {"threads": 1, "clients": 1, "cycles": 20, "sample_every": 5},
    "steps": [{"connect": {}}, {"request": {"path": "/get"}}, {"close": {}}],
    "deadline": "20s",
    "limits": {"memory": "1GiB", "output": "16KiB"},
}


def pytest_configure(config):
    config.addinivalue_line("markers", "other_flavors: runs builds of other flavors, where they are")
    config.addinivalue_line("markers", "in_time: holds how long it takes, where nothing else runs")
    config.addinivalue_line("markers", "alone: measures, so nothing else may run meanwhile")


def command_words(finding):
    """The words of a finding's command, without the settings in front of it: a test has those."""
    words = shlex.split(finding["reproduce"])
    return list(itertools.dropwhile(lambda word: re.match(r"\w+=", word), words))


class Result:
    """One finished `eighth`: exit code, output, and its report if it wrote one."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    @property
    def path(self):
        lines = self.out.rstrip("\n").split("\n")
        assert lines[-1].endswith("/report.json"), self
        return pathlib.Path(lines[-1])

    @property
    def report(self):
        return json.loads(self.path.read_text(encoding="utf-8"))

    @property
    def scenario(self):
        (only,) = self.report["scenarios"]
        return only

    @property
    def findings(self):
        return [f for s in self.report["scenarios"] for f in s["findings"]]

    def finding(self, kind):
        """The only finding that there is, which must be of this kind."""
        assert [f["kind"] for f in self.findings] == [kind], self
        return self.findings[0]

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Eighth:
    """Runs eighth in a folder of the test's own."""

    def __init__(self, folder):
        self.folder = folder
        self.reports = folder / "reports"
        self.binary = OUT / "eighth"

    def command(self, *arguments):
        words = [str(self.binary), *map(str, arguments)]
        if arguments and arguments[0] == "run":
            words += ["--reports", str(self.reports)]
            if FLAVOR != "plain" and "--flavor" not in arguments:
                words += ["--flavor", FLAVOR]
        return words

    def __call__(self, *arguments, env=None, timeout=60, prefix=(), **more):
        done = subprocess.run(
            [*prefix, *self.command(*arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            timeout=GUARD * timeout * TIME_FACTOR,
            env={**os.environ, **(env or {})},
            cwd=more.pop("cwd", ROOT),
            check=False,
            **more,
        )
        return Result(
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
        )

    def write(self, scenario, name="scenario.json"):
        path = self.folder / name
        path.write_text(json.dumps(scenario), encoding="utf-8")
        return path

    def bare(self, *arguments, client=None, env=None, timeout=60, prefix=(), **changes):
        """Runs the bare scenario, with keys replaced, on a client of tests/run/clients."""
        path = self.write({**BARE, **changes})
        words = ["run", path, "--seed", "1", *arguments]
        if client is not None:
            words += ["--client", OUT / "run" / f"{client}.so"]
        return self(*words, env=env, timeout=timeout, prefix=prefix)


@pytest.fixture
def eighth(tmp_path):
    """`eighth` of the tested flavor; reports go to the test's own folder."""
    binary = OUT / "eighth"
    assert binary.exists(), f"{binary} is not built: make FLAVOR={FLAVOR} test-programs"
    return Eighth(tmp_path)


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def out():
    """The folder with the binaries of the tested flavor."""
    return OUT


@pytest.fixture(scope="session")
def time_factor():
    """How many times longer than usual things may take."""
    return TIME_FACTOR
