# SPDX-License-Identifier: MIT
"""Client libraries that cannot be loaded, that need another worker, or that die at once: real files."""

import subprocess

import pytest
from conftest import BUILD, FLAVOR, OUT

EMPTY = "int nothing_here(void);\nint nothing_here(void) { return 0; }\n"
WHOLE = """
#include "tests/run/clients/base.h"
static void misbehave(enum base_operation operation, unsigned count)
{
    (void)operation, (void)count;
}
"""


@pytest.fixture
def compiled(tmp_path, root):
    """Builds a client library from its text."""
    def build(text, *options, name="client.so", compiler="gcc"):
        source = tmp_path / f"{name}.c"
        source.write_text(text, encoding="utf-8")
        subprocess.run([compiler, "-shared", "-fPIC", "-g", "-D_GNU_SOURCE", f"-I{root}", *options, "-o",
                        tmp_path / name, source], check=True, timeout=120)
        return tmp_path / name
    return build


def refusal(eighth, library, env=None):
    """The one message, with exit code 2, on a client that cannot be one."""
    result = eighth.bare("--client", library, env=env)
    assert result.code == 2, result
    (line,) = result.err.strip().splitlines()
    assert str(library) in line, line
    return line


def test_no_symbol(eighth, compiled):
    assert "does not export `eighth_client`; define it" in refusal(eighth, compiled(EMPTY))


def test_unresolved_symbols(eighth, compiled):
    library = compiled(WHOLE + "int not_there(void); int use(void); int use(void) { return not_there(); }")
    line = refusal(eighth, library)
    assert "undefined symbol: not_there" in line and "`ldd -r`" in line


def test_a_library_below_it_is_missing(eighth, compiled, tmp_path):
    below = compiled(EMPTY, "-Wl,-soname,libbelow.so.7", name="libbelow.so")
    library = compiled(WHOLE + "int nothing_here(void); int use(void); int use(void) { return nothing_here(); }",
                       f"-L{tmp_path}", "-Wl,--no-as-needed", below, name="client.so")
    line = refusal(eighth, library)
    assert "libbelow.so.7" in line and "LD_LIBRARY_PATH" in line


def test_no_library_at_all(eighth, tmp_path):
    text = tmp_path / "client.so"
    text.write_text("#!/bin/sh\n" * 100, encoding="utf-8")
    assert "build it with -shared -fPIC" in refusal(eighth, text)
    text.write_text("", encoding="utf-8")
    assert "build it with -shared -fPIC" in refusal(eighth, text)


@pytest.mark.parametrize("table, words", [
    ("abi", "built for version 2 of the client contract, this worker speaks version 1; rebuild it"),
    ("small", "its table has 16 bytes"), ("null", "eighth_client() returned NULL"),
    ("no-open", "its table has no `open`")])
def test_wrong_tables(eighth, table, words):
    assert words in refusal(eighth, OUT / "run/old_contract.so", {"EIGHTH_TEST_TABLE": table})


def test_the_same_library_with_a_whole_table_runs(eighth):
    assert eighth.bare(client="old_contract").code == 0


def test_a_crash_in_init_is_a_finding(eighth):
    result = eighth.bare(client="abort_in_init")
    assert result.code == 1, result
    finding = result.finding("asan" if FLAVOR == "asan" else "crash")
    # A sanitizer's headline is its own; the operation is in its stack.
    assert FLAVOR == "asan" or "in init" in finding["title"], finding["title"]
    assert "misbehave" in finding["signature"]["frames"], finding["signature"]
    assert result.scenario["cycles"]["started"] == 0


# ---- sanitizers ----

SANITIZERS = {"asan": ("address", "AddressSanitizer"), "tsan": ("thread", "ThreadSanitizer")}


def needs_worker(flavor):
    if FLAVOR != "plain" or not (BUILD / flavor / "eighth-worker").exists():
        pytest.skip(f"the worker of flavor {flavor} is not built")


@pytest.mark.other_flavors
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("flavor", SANITIZERS)
def test_the_right_worker_is_used_by_itself(eighth, compiled, flavor, compiler):
    needs_worker(flavor)
    option, name = SANITIZERS[flavor]
    try:
        library = compiled(WHOLE, f"-fsanitize={option}", compiler=compiler)
    except FileNotFoundError:
        pytest.skip(f"there is no {compiler}")
    result = eighth.bare("--client", library)
    assert result.code == 0, result
    assert result.scenario["flavor"] == flavor
    note = f"ran in flavor {flavor} instead of plain: the client library was built with {name}"
    assert note in result.scenario["notes"]
    # Asked for, there is nothing to say.
    result = eighth.bare("--client", library, "--flavor", flavor)
    assert result.code == 0 and not [n for n in result.scenario["notes"] if "instead" in n], result


@pytest.mark.other_flavors
def test_of_all_flavors_it_runs_in_its_own(eighth, compiled):
    needs_worker("asan")
    result = eighth.bare("--client", compiled(WHOLE, "-fsanitize=address"), "--flavor", "all")
    assert result.code == 0, result
    assert [s["flavor"] for s in result.report["scenarios"]] == ["asan"], result


@pytest.mark.skipif(FLAVOR != "plain", reason="needs a controller and a worker of flavor plain")
def test_the_right_worker_is_not_built(eighth, compiled, tmp_path):
    """`eighth` alone, in a tree of its own with the plain worker only."""
    tree = tmp_path / "tree" / "plain"
    tree.mkdir(parents=True)
    for name in ("eighth", "eighth-worker"):
        (tree / name).write_bytes((BUILD / "plain" / name).read_bytes())
        (tree / name).chmod(0o755)
    eighth.binary = tree / "eighth"
    library = compiled(WHOLE, "-fsanitize=thread")
    line = refusal(eighth, library)
    assert "was built with ThreadSanitizer" in line and "`make FLAVOR=tsan` builds one" in line
