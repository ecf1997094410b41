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


# ---- libraries below the client ----

# A client that is built without a sanitizer and leaves all to a library of the user's.
THIN = """
#include "tests/run/clients/base.h"
void below(void);
static void misbehave(enum base_operation operation, unsigned count)
{
    if (operation == AT_REQUEST && count == 3) {
        below();
    }
}
"""
MIDDLE = "void below(void); void middle(void); void middle(void) { below(); }\n"
BELOW = {"asan": """
#include <stdlib.h>
volatile char seen;
void below(void);
void below(void)
{
    char *volatile block = malloc(16);
    free(block);
    seen = block[3];
}
""", "tsan": """
#include <pthread.h>
#include <stddef.h>
int shared;
static void *add(void *context)
{
    shared++;
    return context;
}
void below(void);
void below(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        (void)pthread_create(&threads[i], NULL, add, NULL);
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}
"""}
BUGS = {"asan": "heap-use-after-free", "tsan": "data race"}
# How the loader comes from the client to the library: options of its link, folder, environment.
ROUTES = {
    "runpath": (["-Wl,--enable-new-dtags,-rpath,$ORIGIN/deep"], "deep", None),
    "rpath": (["-Wl,--disable-new-dtags,-rpath,${ORIGIN}/deep"], "deep", None),
    "absolute": (["-Wl,-rpath,/nowhere:{folder}/deep"], "deep", None),
    "environment": ([], "deep", "/nowhere:{folder}/deep"),
}


@pytest.fixture
def thin(compiled, tmp_path):
    """Builds the client and what lies below it, with the options given; returns client and environment."""
    def build(text, *options, route="runpath", middle=False):
        link, folder, path = ROUTES[route]
        (tmp_path / folder).mkdir()
        named = ["-Wl,-soname,libbelow.so", "-pthread"]
        below = compiled(text, *options, *named, name="libbelow.so").rename(tmp_path / folder / "libbelow.so")
        libraries = ["-Wl,--no-as-needed", f"-L{tmp_path / folder}", "-lbelow"]
        if middle:
            # It says nothing of where to look: DT_RPATH of the client, unlike its DT_RUNPATH, counts for it.
            compiled(MIDDLE, "-Wl,-soname,libmiddle.so", *libraries, "-Wl,--allow-shlib-undefined",
                     name="libmiddle.so").rename(tmp_path / folder / "libmiddle.so")
            libraries = ["-Wl,--no-as-needed", f"-L{tmp_path / folder}", "-lmiddle", "-Wl,--allow-shlib-undefined"]
        client = compiled(THIN, *[word.format(folder=tmp_path, ORIGIN="{ORIGIN}") for word in link], *libraries,
                          name="client.so")
        env = {"LD_LIBRARY_PATH": path.format(folder=tmp_path)} if path else None
        return client, below, env
    return build


@pytest.mark.other_flavors
@pytest.mark.parametrize("route", ROUTES)
def test_what_the_client_needs_decides_too(eighth, thin, route):
    needs_worker("asan")
    client, below, env = thin(BELOW["asan"], "-fsanitize=address", route=route)
    result = eighth.bare("--client", client, env=env)
    assert result.scenario["flavor"] == "asan", result
    assert BUGS["asan"] in result.finding("asan")["title"], result
    assert (f"ran in flavor asan instead of plain: {below}, which client.so needs, was built with AddressSanitizer"
            in result.scenario["notes"]), result.scenario["notes"]


@pytest.mark.other_flavors
@pytest.mark.parametrize("flavor", BELOW)
@pytest.mark.parametrize("route", ["rpath", "environment"])
def test_what_that_needs_decides_too(eighth, thin, flavor, route):
    needs_worker(flavor)
    option, name = SANITIZERS[flavor]
    client, below, env = thin(BELOW[flavor], f"-fsanitize={option}", route=route, middle=True)
    result = eighth.bare("--client", client, "--flavor", "all", env=env)
    assert [s["flavor"] for s in result.report["scenarios"]] == [flavor], result
    assert BUGS[flavor] in result.finding(flavor)["title"], result
    result = eighth.bare("--client", client, env=env)
    assert f"{below}, which libmiddle.so needs, was built with {name}" in str(result.scenario["notes"])


@pytest.mark.skipif(FLAVOR != "plain", reason="it is about the plain worker")
@pytest.mark.parametrize("middle", [False, True])
@pytest.mark.parametrize("flavor", BELOW)
def test_a_plain_library_below_the_client_changes_nothing(eighth, thin, flavor, middle):
    client, _, env = thin(BELOW[flavor], route="rpath", middle=middle)
    result = eighth.bare("--client", client, env=env)
    assert result.code == 0 and result.scenario["flavor"] == "plain", result
    assert "instead of" not in str(result.scenario["notes"])


@pytest.mark.skipif(FLAVOR != "plain", reason="it is about the plain worker")
def test_a_library_that_the_loader_does_not_take_decides_nothing(eighth, thin, tmp_path):
    """DT_RUNPATH comes after LD_LIBRARY_PATH: the one with the sanitizer is hidden by the plain one."""
    client, below, _ = thin(BELOW["asan"], "-fsanitize=address", route="runpath")
    first = tmp_path / "first"
    first.mkdir()
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", first / below.name, tmp_path / "libbelow.so.c"], check=True)
    result = eighth.bare("--client", client, env={"LD_LIBRARY_PATH": str(first)})
    assert result.code == 0 and result.scenario["flavor"] == "plain", result


@pytest.mark.skipif(FLAVOR != "plain", reason="it is about the plain worker")
def test_ubsan_below_the_client_is_heard(eighth, thin):
    text = "volatile int large = 0x7fffffff; void below(void); void below(void) { large = large + 1; }\n"
    client, _, env = thin(text, "-fsanitize=undefined", middle=True, route="rpath")
    result = eighth.bare("--client", client, env=env)
    assert result.scenario["flavor"] == "plain", result
    assert "signed integer overflow" in result.finding("ubsan")["title"], result


# ---- sanitizers that no worker has ----

def test_memory_sanitizer_is_refused(eighth, compiled):
    try:
        library = compiled(WHOLE, "-fsanitize=memory", compiler="clang")
    except FileNotFoundError:
        pytest.skip("there is no clang")
    line = refusal(eighth, library)
    assert "was built with MemorySanitizer, which no worker has: build it with -fsanitize=address" in line, line


def test_leak_sanitizer_alone_is_refused(eighth, compiled):
    """gcc's; clang's leaves no trace in a library, which then is any other."""
    library = compiled(WHOLE, "-fsanitize=leak")
    line = refusal(eighth, library)
    assert "was built with LeakSanitizer, whose runtime cannot be loaded into a process that runs" in line, line
    assert "build it without -fsanitize=leak" in line and "--flavor asan" in line, line


def test_two_sanitizers_that_exclude_each_other(eighth, thin, compiled, tmp_path):
    _, below, env = thin(BELOW["asan"], "-fsanitize=address", route="environment")
    client = compiled(THIN, "-fsanitize=thread", "-Wl,--no-as-needed", below, name="client.so")
    line = refusal(eighth, client, env)
    assert f"it was built with ThreadSanitizer, but {below}, which client.so needs, with AddressSanitizer" in line, line


def plant(eighth, folder):
    """`eighth` alone, in a tree of its own with the plain worker only."""
    tree = folder / "tree" / "plain"
    tree.mkdir(parents=True)
    for name in ("eighth", "eighth-worker"):
        (tree / name).write_bytes((BUILD / "plain" / name).read_bytes())
        (tree / name).chmod(0o755)
    eighth.binary = tree / "eighth"


@pytest.mark.skipif(FLAVOR != "plain", reason="needs a controller and a worker of flavor plain")
def test_the_right_worker_is_not_built(eighth, compiled, tmp_path):
    plant(eighth, tmp_path)
    library = compiled(WHOLE, "-fsanitize=thread")
    line = refusal(eighth, library)
    assert "was built with ThreadSanitizer" in line and "`make FLAVOR=tsan` builds one" in line


@pytest.mark.skipif(FLAVOR != "plain", reason="needs a controller and a worker of flavor plain")
def test_the_worker_that_what_it_needs_wants_is_not_built(eighth, thin, tmp_path):
    plant(eighth, tmp_path)
    client, below, _ = thin(BELOW["asan"], "-fsanitize=address")
    line = refusal(eighth, client)
    assert f"{below}, which client.so needs, was built with AddressSanitizer" in line, line
    assert "`make FLAVOR=asan` builds one" in line, line
