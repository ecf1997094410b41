# SPDX-License-Identifier: MIT
"""git bisect run with a crash that comes in about a fifth of the trials: a real repository of eight
revisions, in one of which the crash came in, and one that does not build.
"""

import os
import shutil
import subprocess

import pytest
from conftest import BARE, FLAVOR, OUT, ROOT

pytestmark = pytest.mark.skipif(FLAVOR != "plain", reason="builds plain clients")

CLIENT = '''
#include <unistd.h>
#include "tests/run/clients/base.h"
static void misbehave(enum base_operation operation, unsigned count)
{
    %s
    (void)operation;
    (void)count;
}
'''
# The process id is another one in each trial.
CRASH = "if (operation == AT_CLOSE && count == 2 && getpid() % 5 == 0) { *(volatile int *)16 = 1; }"
BAD = 5  # the revision that brings the crash
BROKEN = 3  # the revision that does not build
REVISIONS = 8


def git(folder, *words):
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    for who in ("AUTHOR", "COMMITTER"):
        env[f"GIT_{who}_NAME"] = env[f"GIT_{who}_EMAIL"] = "nobody"
    return subprocess.run(["git", *words], cwd=folder, env=env, check=True, capture_output=True,
                          text=True, timeout=300).stdout


@pytest.fixture
def repository(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("no git")
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    for revision in range(1, REVISIONS + 1):
        line = CRASH if revision >= BAD else ""
        if revision == BROKEN:
            line = "this does not compile"
        text = f"/* revision {revision} */" + CLIENT % line
        (folder / "client.c").write_text(text, encoding="utf-8")
        git(folder, "add", "client.c")
        git(folder, "commit", "-q", "-m", f"revision {revision}")
    return folder


def test_finds_the_revision(eighth, repository):
    scenario = eighth.write({**BARE, "load": {"threads": 1, "clients": 1, "cycles": 5}})
    script = eighth.folder / "step.sh"
    # A revision that does not build leaves no library: eighth has git skip it.
    script.write_text(
        "#!/bin/sh\n"
        "rm -f client.so\n"
        f"gcc -shared -fPIC -I {ROOT} -o client.so client.c 2>/dev/null\n"
        f"exec {eighth.binary} run {scenario} --client ./client.so --bisect --rate 0.2 "
        f"--steps 3 --confidence 0.99 --quiet --reports {eighth.reports}\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    git(repository, "bisect", "start", "HEAD", f"HEAD~{REVISIONS - 1}")
    out = git(repository, "bisect", "run", str(script))
    assert "is the first bad commit" in out, out
    first = git(repository, "log", "-1", "--format=%s", "refs/bisect/bad").strip()
    assert first == f"revision {BAD}", out


def bisect(eighth, *arguments, client=None):
    scenario = eighth.write(BARE)
    words = ["run", scenario, "--bisect", "--seed", "1", *arguments]
    if client is not None:
        words += ["--client", client]
    return eighth(*words, timeout=120)


def test_exit_codes(eighth):
    worse = OUT / "run" / "worse.so"
    assert bisect(eighth, "--trials", "3", client=worse).code == 0
    bad = bisect(eighth, "--trials", "50", client=f'{worse}:{{"crash":0.5}}')
    assert bad.code == 1
    assert bad.scenario["trials"]["with_findings"] == 1  # the first finding ends it
    assert bisect(eighth, "--trials", "1", client=eighth.folder / "not_built.so").code == 125
    # Time was over before there were enough trials to call it good.
    assert bisect(eighth, "--trials", "100000", "--time", "1s", client=worse).code == 125
    # It does not load: this revision is to be skipped.
    broken = eighth.folder / "broken.so"
    broken.write_text("not a library", encoding="utf-8")
    assert bisect(eighth, "--trials", "1", client=broken).code == 125
    # Nothing can be run at all, whatever the revision: 3 would be a bad one for git.
    (eighth.folder / "file").write_text("", encoding="utf-8")
    nowhere = subprocess.run([eighth.binary, "run", eighth.write(BARE), "--client", worse, "--bisect",
                              "--trials", "1", "--reports", eighth.folder / "file"],
                             capture_output=True, text=True, timeout=60, check=False)
    assert nowhere.returncode == 130 and "cannot make" in nowhere.stderr, nowhere
    # Wrong in any revision: git must stop.
    assert bisect(eighth, client=worse).code == 130
    assert bisect(eighth, "--rate", "2", client=worse).code == 130
    assert eighth("run", eighth.folder / "nothing.json", "--bisect", "--trials", "1").code == 130


def test_trials_of_a_step(eighth):
    for rate, trials in (("0.5", 8), ("0.2", 24), ("10%", 51), ("0.05", 104)):
        result = eighth("bisect-trials", "--rate", rate, "--steps", "10")
        assert result.code == 0 and result.out.split("\n")[0] == str(trials)
    quiet = eighth("bisect-trials", "--rate", "0.2", "--steps", "10", "--confidence", "0.95", "-q")
    assert quiet.out == "24\n"
    run = bisect(eighth, "--rate", "0.5", "--steps", "10", "--confidence", "0.95",
                 client=OUT / "run" / "worse.so")
    assert run.code == 0 and run.scenario["trials"]["run"] == 8
    assert eighth("bisect-trials").code == 2
    assert eighth("bisect-trials", "--rate", "0.0000001").code == 2
