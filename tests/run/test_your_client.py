# SPDX-License-Identifier: MIT
"""docs/your-client.md, command by command: outside the tree, against what `make install` puts there."""

import os
import re
import shutil
import subprocess

import pytest
from conftest import BUILD, FLAVOR

pytestmark = pytest.mark.skipif(FLAVOR != "plain", reason="installs the plain build")


@pytest.fixture(scope="module")
def installed(tmp_path_factory, root):
    """The prefix, and an environment as the page has it set."""
    prefix = tmp_path_factory.mktemp("prefix")
    subprocess.run(["make", "-s", "install", f"PREFIX={prefix}", f"BUILD={BUILD}"], cwd=root, check=True,
                   stdout=subprocess.DEVNULL, timeout=300)
    env = {**os.environ, "PATH": f"{prefix}/bin:{os.environ['PATH']}",
           "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig"}
    return prefix, env


@pytest.fixture(scope="module")
def page(root):
    """The commands of the page, an indented line each, their continuations joined."""
    text = (root / "docs/your-client.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    (\S(?:[^\n\\]|\\\n)*)", re.sub(r"```.*?```", "", text, flags=re.S), flags=re.M)
    return [line.replace("\\\n", " ") for line in lines]


@pytest.fixture(scope="module")
def client(tmp_path_factory, installed, page, root):
    """The folder with the client, built by the page's own command."""
    folder = tmp_path_factory.mktemp("outside")
    shutil.copy(root / "docs/examples/your_client.c", folder)
    (command,) = [line for line in page if line.startswith("cc ")]
    subprocess.run(command, shell=True, cwd=folder, env=installed[1], check=True, timeout=120)
    return folder


def run(client, installed, page, scenario, *more):
    (command,) = [line for line in page if line.startswith("eighth run") and f"/{scenario}.json" in line]
    (variable,) = [line for line in page if line.startswith("S=")]
    smaller = "--set load.clients=12 --set load.cycles=3 --set load.sample_every=1"
    done = subprocess.run(f"{variable}; {command} {smaller} {' '.join(more)}", shell=True, cwd=client,
                          env=installed[1], capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_it_stands_a_hundred_clients(client, installed, page):
    code, out = run(client, installed, page, "hundred-clients")
    assert code == 0, out


@pytest.mark.parametrize("scenario, words", [
    ("churn", "request got a wrong body: body of"),
    ("handshake-failures", "SIGPIPE in BIO_free_all (client frame hang_up), in close of instance")])
def test_what_the_page_says_is_found(client, installed, page, scenario, words):
    code, out = run(client, installed, page, scenario)
    assert code == 1 and words in out, out


def test_the_installed_eighth_has_the_adapters(installed):
    prefix, env = installed
    done = subprocess.run(["eighth", "list", "clients"], env=env, capture_output=True, text=True, timeout=20,
                          check=True)
    names = {line.split()[0] for line in done.stdout.splitlines()}
    assert {path.name for path in (prefix / "lib/eighth/plain").glob("libeighth_*.so")} == \
        {f"libeighth_{name}.so" for name in names}
    assert {"h2", "openssl"} <= names


def test_the_page_shows_the_file(root):
    subprocess.run(["/usr/bin/python3", "tools/readme.py", "--check"], cwd=root, check=True, timeout=20)
