# SPDX-License-Identifier: MIT
"""External programs as clients (client.exec): what becomes of them is found, nothing of them stays.

Each detector has a program on which it must fire and a twin on which it must stay silent. Every
process of a test carries a mark in its environment: what still has it afterwards was left running.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

import pytest
from conftest import FLAVOR, OUT, ROOT, TIME_FACTOR, command_words


def build_outsider(folder, *flags, compiler="gcc"):
    program = pathlib.Path(folder) / "outsider"
    source = ROOT / "tests" / "run" / "programs" / "outsider.c"
    words = [compiler, "-g", "-O1", "-D_GNU_SOURCE", *flags, source, "-o", program, "-pthread"]
    subprocess.run(words, check=True)
    return program


# The one that is built with the harness is of the harness's flavor; the program under test is not.
OUTSIDER = str(
    OUT / "run" / "outsider" if FLAVOR == "plain" else build_outsider(tempfile.mkdtemp())
)
EXAMPLES = sorted((ROOT / "scenarios" / "exec").glob("*.json"))
CLEAR = {"embedded": {"tls": False}}


class Programs:
    """Runs scenarios with external programs, and knows all processes that they started."""

    def __init__(self, eighth):
        self.eighth = eighth
        self.mark = uuid.uuid4().hex

    def scenario(self, words, env=None, **changes):
        client = {"exec": [str(w) for w in words], "env": {"TEST_MARK": self.mark, **(env or {})}}
        scenario = {"name": "programs", "target": CLEAR, "client": client, "deadline": "60s"}
        return self.eighth.write({**scenario, **changes})

    def run(self, words, *arguments, env=None, **changes):
        path = self.scenario(words, env, **changes)
        return self.eighth("run", path, "--seed", "1", "--flavor", "plain", *arguments)

    def outsider(self, count, what, *arguments, **changes):
        words = [changes.pop("program", OUTSIDER), "{host}", "{port}", count, what]
        return self.run(words, *arguments, **changes)

    def alive(self):
        """Processes with the mark that are not dead."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.mark.encode() in (entry / "environ").read_bytes():
                    state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
                    found += [entry.name] if state not in "ZX" else []
            except OSError:
                continue
        return found


@pytest.fixture
def programs(eighth):
    started = Programs(eighth)
    yield started
    assert started.alive() == []


def frames(finding):
    return [f.get("function") for s in finding["stacks"] for f in s["frames"]]


def evidence(finding, name):
    (text,) = [e["text"] for e in finding["evidence"] if e["name"] == name]
    return text


# ---- which connection ----

TOGETHER = {"threads": 12, "clients": 12}


@pytest.mark.parametrize("count", [1, 8, 100])
@pytest.mark.parametrize("load", [{}, TOGETHER], ids=["alone", "together"])
def test_native_crash_tells_its_connection(programs, count, load):
    result = programs.outsider(count, "crash", load=load)
    finding = result.finding("crash")
    assert finding["title"].startswith("SIGSEGV at 0x0 in crash_now"), finding["title"]
    assert f"(its connection {count})" in finding["title"]
    assert finding["first_connection"] == count
    assert finding["signature"]["quality"] == "good"
    assert "crash_now" in frames(finding)
    assert finding["occurrences"] == load.get("clients", 1)
    assert result.scenario["connections_at_target"] == count * load.get("clients", 1)


SCRIPTS = {
    "python3": (
        "import os, socket, sys\n"
        "for i in range(int(sys.argv[3])):\n"
        "    socket.create_connection((sys.argv[1], int(sys.argv[2]))).close()\n"
        "os.abort()\n"
    ),
    "bash": 'for ((i = 0; i < $3; i++)); do exec 3<>"/dev/tcp/$1/$2"; exec 3>&-; done; kill -ABRT $$\n',
    "node": (
        "const net = require('net');\n"
        "const [host, port, count] = process.argv.slice(2);\n"
        "function next(left) {\n"
        "  if (left === 0) process.abort();\n"
        "  const socket = net.connect(port, host, () => socket.destroy());\n"
        "  socket.on('close', () => next(left - 1));\n"
        "}\n"
        "next(Number(count));\n"
    ),
}


@pytest.mark.parametrize("language", SCRIPTS)
@pytest.mark.parametrize("count", [1, 8, 100])
def test_script_crash_tells_its_connection(programs, tmp_path, language, count):
    if shutil.which(language) is None:
        pytest.skip(f"{language} is not installed")
    (tmp_path / "client").write_text(SCRIPTS[language])
    program = sys.executable if language == "python3" else language
    result = programs.run([program, "client", "{host}", "{port}", count], load={"clients": 3})
    finding = result.finding("crash")
    assert finding["title"].startswith("SIGABRT"), finding["title"]
    assert finding["first_connection"] == count
    assert finding["occurrences"] == 3


PYTHON = (
    "import ctypes, faulthandler, os, socket, sys\n"
    "if 'quiet' not in sys.argv:\n"
    "    faulthandler.enable()\n"
    "def read():\n"
    "    ctypes.string_at(0)\n"
    "def close():\n"
    "    ctypes.string_at(0)\n"
    "def log():\n"
    "    print('Fatal Python error: Bus error\\n\\nCurrent thread 0x1 (most recent call first):\\n'\n"
    "          '  File \"a.py\", line 3 in nowhere', file=sys.stderr, flush=True)\n"
    "    ctypes.string_at(0)\n"
    "socket.create_connection((sys.argv[1], int(sys.argv[2]))).close()\n"
    "globals()[sys.argv[3]]()\n"
)


def python(programs, tmp_path, *arguments):
    (tmp_path / "client.py").write_text(PYTHON)
    command = [sys.executable, "client.py", "{host}", "{port}", *arguments]
    return programs.run(command, load={"clients": 2, "cycles": 3})


def test_python_tells_where_it_was(programs, tmp_path):
    """The C stack is the interpreter's; with faulthandler each crash of one function is one bug."""
    keys = set()
    for function in ("read", "close"):
        finding = python(programs, tmp_path, function).finding("crash")
        assert re.match(rf"SIGSEGV at 0x0 in .*; Python was in {function}$", finding["title"]), finding
        assert finding["occurrences"] == 6
        assert finding["signature"]["quality"] == "good"
        first = finding["stacks"][0]
        assert first["title"] == "Python's own stack"
        assert [f["function"] for f in first["frames"]] == ["string_at", function, "<module>"]
        assert len(finding["stacks"]) > 1 and any("strlen" in (name or "") for name in frames(finding))
        keys.add(finding["signature"]["key"])
    assert len(keys) == 2


HOW = {
    "itself": ["{program}"],
    "env": ["env", "X=1", "{program}"],
    "shell": ["sh", "-c", 'exec "$0" "$@"', "{program}"],
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("what, function", [("crash-main", "main"), ("crash", "crash_now")])
def test_one_crash_is_one_finding_however_the_program_is_started(programs, how, what, function):
    words = [OUTSIDER if word == "{program}" else word for word in HOW[how]]
    result = programs.run([*words, "{host}", "{port}", 8, what], "--trials", "4")
    finding = result.finding("crash")
    assert re.match(rf"SIGSEGV at 0x0 in {function} \(outsider\.c:\d+\), in run", finding["title"]), finding
    assert finding["signature"]["quality"] == "good"
    assert (finding["rate"]["k"], finding["rate"]["n"]) == (4, 4)
    assert any(f["client"] and f["function"] == "main" for s in finding["stacks"] for f in s["frames"])


def test_native_code_below_a_script_is_the_client(programs, tmp_path):
    source, library = tmp_path / "fast.c", tmp_path / "fast.so"
    source.write_text("".join(
        f"int {name}(volatile int *at) {{ return *at + 1; }}\n" for name in ("fetch", "peek")
    ))
    subprocess.run(["gcc", "-g", "-shared", "-fPIC", source, "-o", library], check=True)
    code = "import ctypes, sys; getattr(ctypes.CDLL(sys.argv[1]), sys.argv[2])(None)"
    keys = set()
    for function in ("fetch", "peek"):
        words = [sys.executable, "-c", code, library, function]
        finding = programs.run(words, "--trials", "3").finding("crash")
        assert re.match(rf"SIGSEGV at 0x0 in {function} \(fast\.c:\d\), in run", finding["title"]), finding
        assert finding["rate"]["k"] == 3 and finding["signature"]["quality"] == "good"
        keys.add(finding["signature"]["key"])
    assert len(keys) == 2


def test_python_that_says_nothing_is_not_quoted(programs, tmp_path):
    """Nor one that said something about another signal."""
    for function in ("read", "log"):
        result = python(programs, tmp_path, function, "quiet")
        assert result.findings, result
        for finding in result.findings:
            assert "SIGSEGV" in finding["title"] and "Python" not in finding["title"]


def test_an_interpreter_is_not_the_client(programs):
    # Any line of any script may have called it: two of them must never be taken for one.
    program = os.path.realpath(sys.executable)
    result = programs.run([program, "-c", "import os; os.abort()"], "--trials", "2")
    assert [f["signature"]["quality"] for f in result.findings] == ["low", "low"]


def test_a_crash_in_a_thread_of_the_program(programs):
    finding = programs.outsider(2, "crash-thread").finding("crash")
    assert "crash_now" in finding["title"]
    assert "crash_in_thread" in frames(finding)
    assert "main" in frames(finding)  # of the other thread, wherever it stood in it


# ---- kinds of ends ----

WRONG = [
    ("free-twice", "heap-corruption", "SIGABRT: free(): double free detected"),
    ("abort", "crash", "SIGABRT in end_as"),
    ("fail", "error", "the program exited with status 3, not 0, after its connection 1: outsider: "),
    ("eat", "crash", "memory limit exceeded: "),
    ("fork", "leak", "1 process of the program lived on"),
    ("fork-deaf", "leak", "1 process of the program lived on"),
    ("daemon", "leak", "1 process of the program lived on"),
    ("daemon-deaf", "leak", "1 process of the program lived on"),
    ("run-away", "leak", " of the program lived on"),
    ("hang", "hang", f"not done at the deadline of {int(TIME_FACTOR)}"),
    ("deaf", "hang", f"not done at the deadline of {int(TIME_FACTOR)}"),
]


@pytest.mark.parametrize(("what", "kind", "title"), WRONG, ids=[w[0] for w in WRONG])
def test_a_bad_end_is_found(programs, what, kind, title):
    timeout = f"{int(TIME_FACTOR)}s" if kind == "hang" else "30s"
    result = programs.outsider(
        1, what, steps=[{"run": {"timeout": timeout}}], limits={"memory": "200MiB"}
    )
    finding = result.finding(kind)
    assert result.code == 1
    assert title in finding["title"], finding["title"]
    assert finding["first_connection"] == 1
    if kind == "hang":
        assert "rest_for_ever" in frames(finding)
    if kind == "leak":
        assert "outsider" in evidence(finding, "processes left")


@pytest.mark.parametrize("what", ["nothing", "close", "flood"])
def test_a_good_end_is_none(programs, what):
    result = programs.outsider(1, what, load={"threads": 3, "clients": 3, "cycles": 2})
    assert result.code == 0 and result.findings == [], result
    assert result.scenario["cycles"] == {"started": 6, "completed": 6, "failed": 0}
    assert result.scenario["client"]["name"] == "outsider"
    assert any("is not checked" in note for note in result.scenario["notes"])


def test_the_expected_status_is_a_good_end(programs):
    result = programs.outsider(1, "fail", steps=[{"run": {"expect": {"exit": 3}}}])
    assert result.code == 0 and result.findings == [], result
    assert programs.outsider(1, "nothing", steps=[{"run": {"expect": {"exit": 3}}}]).code == 1


def test_output_is_bounded_and_kept(programs):
    steps = [{"run": {"expect": {"exit": 1}}}]
    result = programs.outsider(1, "flood", limits={"output": "16KiB"}, steps=steps)
    folder = result.path.parent / result.finding("error")["evidence_folder"]
    kept = (folder / "programs.txt").read_text()
    assert "bytes left out" in kept and 8192 < len(kept) < 65536


def test_a_program_that_does_not_connect_is_not_tested(programs):
    finding = programs.outsider(0, "nothing").finding("error")
    assert "saw 0 of the at least 1 connection" in finding["title"]
    silent = programs.outsider(0, "nothing", steps=[{"run": {"expect": {"connections": 0}}}])
    assert silent.code == 0, silent
    assert programs.outsider(2, "nothing", steps=[{"run": {"expect": {"connections": 3}}}]).code == 1


@pytest.mark.parametrize("what", ["leak-fds", "leak-threads", "slow"])
def test_growth_between_connections(programs, what):
    result = programs.outsider(150, what)
    if what == "slow":
        assert result.findings == [], result
        return
    finding = result.finding("leak")
    pieces = {"leak-fds": "descriptors", "leak-threads": "threads"}[what]
    assert f"the program's {pieces} grow by 1 for each connection" in finding["title"]


# ---- programs built with a sanitizer, and the runtimes of other languages ----


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory):
    return build_outsider(tmp_path_factory.mktemp("sanitized"), "-fsanitize=address")


def test_a_sanitizer_of_the_program_is_heard(programs, sanitized):
    finding = programs.outsider(2, "free-twice", program=sanitized).finding("asan")
    assert "double-free" in finding["title"] and "free_twice" in finding["title"]
    assert finding["first_connection"] == 2


def test_its_leak_check_works(programs, sanitized):
    finding = programs.outsider(1, "lose", program=sanitized).finding("lsan")
    assert "lose_memory" in finding["title"]
    assert programs.outsider(1, "nothing", program=sanitized).findings == []


# What is wrong, how it is built, and what the finding names. TSan's runtime cannot map its memory
# where the kernel places programs too randomly, and a program of somebody else's is started as it is.
@pytest.mark.parametrize("what, flag, kind, title", [
    ("race", "thread", "tsan", "data race"),
    ("overflow", "undefined", "ubsan", "signed integer overflow"),
])
def test_other_sanitizers_of_the_program_are_heard(programs, tmp_path, what, flag, kind, title):
    built = build_outsider(tmp_path, f"-fsanitize={flag}")
    words = [built, "{host}", "{port}", 3]
    if flag == "thread":
        words = ["/usr/bin/setarch", "--addr-no-randomize", *words]
    finding = programs.run([*words, what]).finding(kind)
    assert title in finding["title"] and finding["first_connection"] == 3, finding
    assert {"count_up", "overflow"} & set(frames(finding)), finding
    assert programs.run([*words, "nothing"]).findings == []


def test_a_runtime_that_is_linked_in_is_recognised(programs, tmp_path):
    """Its name is among no dynamic symbols; traced, its leak check would fail."""
    built = build_outsider(tmp_path, "-fsanitize=address", "-static-libasan")
    assert "lose_memory" in programs.outsider(1, "lose", program=built).finding("lsan")["title"]


@pytest.fixture(scope="module", params=["gcc", "clang"])
def leak_sanitized(request, tmp_path_factory):
    if shutil.which(request.param) is None:
        pytest.skip(f"there is no {request.param}")
    return build_outsider(tmp_path_factory.mktemp("leak"), "-fsanitize=leak", compiler=request.param)


def test_leak_sanitizer_alone_is_heard(programs, leak_sanitized):
    finding = programs.outsider(2, "lose", program=leak_sanitized).finding("lsan")
    assert "direct-leak of 40 B in 1 object" in finding["title"] and "lose_memory" in finding["title"], finding
    assert finding["first_connection"] == 2
    assert programs.outsider(2, "nothing", program=leak_sanitized).findings == []


@pytest.mark.parametrize("what, title", [
    ("crash", "SEGV: write at 0x0 in crash_now"), ("abort", "ABRT in end_as")])
def test_what_else_it_reports_is_no_leak(programs, leak_sanitized, what, title):
    finding = programs.outsider(2, what, program=leak_sanitized).finding("crash")
    assert title in finding["title"], finding
    assert title.rsplit(" ", 1)[1] in frames(finding) and finding["first_connection"] == 2


@pytest.fixture(scope="module", params=[[], ["-fsanitize-memory-track-origins"]], ids=["", "origins"])
def memory_sanitized(request, tmp_path_factory):
    if shutil.which("clang") is None:
        pytest.skip("there is no clang")
    built = build_outsider(tmp_path_factory.mktemp("memory"), "-fsanitize=memory", *request.param, compiler="clang")
    return built, bool(request.param)


def test_memory_sanitizer_is_heard(programs, memory_sanitized):
    built, origins = memory_sanitized
    finding = programs.outsider(2, "read-unwritten", program=built).finding("msan")
    assert "use-of-uninitialized-value in read_unwritten" in finding["title"], finding
    assert ("allocated in malloc" in finding["title"]) == origins, finding
    assert finding["signature"]["quality"] == "good" and "read_unwritten" in finding["signature"]["frames"]
    assert finding["first_connection"] == 2
    assert programs.outsider(2, "nothing", program=built).findings == []
    assert programs.outsider(2, "read-unwritten").findings == []  # built without it


def test_its_deaths_have_their_signal(programs, memory_sanitized):
    finding = programs.outsider(2, "crash", program=memory_sanitized[0]).finding("crash")
    assert finding["title"].startswith("SIGSEGV at 0x0 in crash_now"), finding


def test_valgrind_is_heard(programs):
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    words = ["valgrind", "-q", "--error-exitcode=9", OUTSIDER, "{host}", "{port}", 2]
    finding = programs.run([*words, "read-freed"]).finding("crash")
    assert "Invalid read of size 1" in finding["title"] and "read_freed" in finding["title"], finding
    assert finding["first_connection"] == 2
    assert programs.run([*words, "nothing"]).findings == []


# Compiled or run by what the language brings: how, the program, and what the headline says.
LANGUAGES = {
    "go": (["go", "build", "-o", "client", "client.go"], "./client", "client.go", """
package main

import ("net"; "os"; "strconv")

func main() {
	count, _ := strconv.Atoi(os.Args[3])
	for i := 0; i < count; i++ {
		connection, err := net.Dial("tcp", os.Args[1]+":"+os.Args[2])
		if err != nil { os.Exit(9) }
		connection.Close()
	}
	if os.Args[4] == "die" { burst(nil) }
}

func burst(table map[string]int) { table["eighth"] = 8 }
""", "assignment to entry in nil map"),
    "rustc": (["rustc", "-g", "client.rs"], "./client", "client.rs", """
fn burst(list: &[u32], index: usize) -> u32 { list[index] }

fn main() {
    let words: Vec<String> = std::env::args().collect();
    for _ in 0..words[3].parse::<u32>().unwrap() {
        std::net::TcpStream::connect(format!("{}:{}", words[1], words[2])).unwrap();
    }
    if words[4] == "die" { burst(&[1, 2], words.len()); }
}
""", "index out of bounds"),
    "javac": (["javac", "Client.java"], "java -cp . Client", "Client.java", """
public class Client {
    static int burst(int[] list, int index) { return list[index]; }

    public static void main(String[] words) throws Exception {
        for (int i = 0; i < Integer.parseInt(words[2]); i++) {
            new java.net.Socket(words[0], Integer.parseInt(words[1])).close();
        }
        if (words[3].equals("die")) { burst(new int[2], words.length); }
    }
}
""", "ArrayIndexOutOfBounds"),
    "crystal": (["crystal", "build", "client.cr"], "./client", "client.cr", """
require "socket"

def burst(list : Array(Int32), index : Int32)
  list[index]
end

ARGV[2].to_i.times { TCPSocket.new(ARGV[0], ARGV[1].to_i).close }
burst([1, 2], ARGV.size) if ARGV[3] == "die"
""", "Index out of bounds"),
}


@pytest.mark.parametrize("compiler", LANGUAGES)
def test_runtimes_of_other_languages_are_heard(programs, tmp_path, compiler):
    build, client, name, source, title = LANGUAGES[compiler]
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    (tmp_path / name).write_text(source)
    cache = {**os.environ, "GOCACHE": str(tmp_path / "cache"), "GO111MODULE": "off"}
    subprocess.run(build, cwd=tmp_path, env=cache, check=True)
    words = [*client.split(), "{host}", "{port}", 8]
    words[0] = str(tmp_path / "client") if words[0] == "./client" else words[0]
    where = {"cwd": str(tmp_path)}
    client = {"exec": [*map(str, words), "die"], "env": {"TEST_MARK": programs.mark}, **where}
    finding = programs.run([], client=client).finding("crash")
    assert title in finding["title"] and finding["first_connection"] == 8, finding
    client = {**client, "exec": [*map(str, words), "live"]}
    assert programs.run([], client=client).findings == []


RUST_ENDS = """
use std::hint::black_box;
#[inline(never)] fn give_up() { std::process::abort() }
#[inline(never)] fn dig(depth: u64) -> u64 { let b = [depth; 500]; black_box(&b); dig(depth + 1) + b[3] }
fn main() {
    if std::env::args().nth(1).unwrap() == "abort" { give_up() } else { println!("{}", dig(1)) }
}
"""


def test_what_rust_does_before_it_aborts_is_no_part_of_a_bug(programs, tmp_path):
    if shutil.which("rustc") is None:
        pytest.skip("rustc is not installed")
    (tmp_path / "ends.rs").write_text(RUST_ENDS)
    subprocess.run(["rustc", "-g", "ends.rs"], cwd=tmp_path, check=True, stderr=subprocess.DEVNULL)
    keys = set()
    for what, function in (("abort", "give_up"), ("overflow", "dig")):
        finding = programs.run([tmp_path / "ends", what]).finding("crash")
        assert finding["title"].split(",")[0].startswith("SIGABRT in ") and function in finding["title"]
        assert finding["signature"]["quality"] == "good"
        keys.add(finding["signature"]["key"])
    assert len(keys) == 2


def test_an_exception_nobody_caught(programs):
    code = "import socket, sys; socket.create_connection(sys.argv[1:3]); raise KeyError('lost')"
    result = programs.run([sys.executable, "-c", code, "{host}", "{port}"])
    finding = result.finding("crash")
    assert "KeyError" in finding["title"] and finding["first_connection"] == 1


# ---- faults ----


def test_failures_on_faulty_connections_are_expected(eighth):
    result = eighth("run", ROOT / "scenarios/exec/curl-faults.json", "--seed", "1", "--flavor", "plain")
    scenario = result.scenario
    assert result.code == 0 and result.findings == [], result
    assert scenario["faults_done"] == {"reset-after-handshake": 8}
    assert [(e["fault"], e["count"]) for e in scenario["expected_failures"]] == [
        ("reset-after-handshake", 8)
    ]
    assert scenario["cycles"] == {"started": 24, "completed": 16, "failed": 8}


def test_a_failure_on_a_healthy_connection_is_not(programs):
    faults = {"embedded": {"tls": False, "faults": [{"fault": "goaway", "after": 1, "at": 2}]}}
    finding = programs.outsider(1, "fail", target=faults, load={"cycles": 3}).finding("error")
    assert finding["occurrences"] == 3


@pytest.mark.parametrize("target", [
    {"certificate": "expired"},
    {"faults": [{"fault": "certificate-expired", "every": 1}]},
])
def test_a_bad_certificate_is_not_accepted(programs, target):
    """curl without its checks; with them it fails, which without a fault is told as its exit."""
    target = {"embedded": {"tls": True, **target}}
    words = ["curl", "-sS", "-o", "/dev/null", "https://{sni}:{port}/get"]
    finding = programs.run([*words, "-k"], target=target, load={"cycles": 3}).finding("error")
    assert finding["signature"]["key"] == "error/accepted/certificate-expired"
    assert finding["occurrences"] == 3
    result = programs.run([*words, "--cacert", "{ca}"], target=target, load={"cycles": 3})
    keys = {f["signature"]["key"] for f in result.findings}
    assert keys == ({"error/run/exit 60"} if "certificate" in target["embedded"] else set()), result


def test_a_refused_connection_is_expected(programs):
    refuse = {"embedded": {"tls": False, "faults": [{"fault": "refuse", "every": 2}]}}
    result = programs.outsider(1, "nothing", target=refuse, load={"cycles": 6})
    assert result.findings == [], result
    assert [e["count"] for e in result.scenario["expected_failures"]] == [3]


# The target never answers on any connection: an ordinary failure is expected there.
FAULTY = {"embedded": {"tls": False, "faults": [{"fault": "never-answer", "every": 1}]}}
GOROUTINE = "\n\ngoroutine 5 [running]:\nmain.burst(...)\n\t/x/client.go:20 +0x1\n"
NO_POINTER = "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48f0a1]"

LAST_WORDS = {
    "go maps": (2, "fatal error: concurrent map writes" + GOROUTINE, "concurrent map writes"),
    "go nil": (2, NO_POINTER + GOROUTINE, "nil pointer dereference"),
    "rust bounds": (101, "thread 'main' panicked at a.rs:2:4:\nindex out of bounds: the len is 2\n", "out of bounds"),
    "shell": (139, "Segmentation fault (core dumped)\n", "as a shell does whose command died of SIGSEGV"),
}


def last_words(programs, status, words, target):
    code = f'{OUTSIDER} "$1" "$2" 3 nothing; printf %s "$3" >&2; exit {status}'
    return programs.run(["sh", "-c", code, "sh", "{host}", "{port}", words.replace("{", "{{")], target=target)


@pytest.mark.parametrize("what", LAST_WORDS)
@pytest.mark.parametrize("target", [FAULTY, CLEAR], ids=["faulty", "healthy"])
def test_no_fault_explains_a_crash_that_a_runtime_tells(programs, what, target):
    status, words, title = LAST_WORDS[what]
    result = last_words(programs, status, words, target)
    finding = result.finding("crash")
    assert title in finding["title"] and finding["first_connection"] == 3, finding
    assert result.scenario["expected_failures"] == []


def test_no_fault_explains_what_valgrind_finds(programs):
    words = ["valgrind", "-q", "--error-exitcode=9", OUTSIDER, "{host}", "{port}", 2, "read-freed"]
    assert "Invalid read" in programs.run(words, target=FAULTY).finding("crash")["title"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (1, "could not read\n"),
        (2, "panic: read: connection reset by peer" + GOROUTINE),
        (101, "thread 'main' panicked at a.rs:2:4:\ncalled `Result::unwrap()` on an `Err` value: attempt to read\n"),
        (143, "Terminated\n"),
    ],
    ids=["plain", "go", "rust", "terminated"],
)
def test_a_fault_explains_an_ordinary_failure(programs, status, words):
    result = last_words(programs, status, words, FAULTY)
    assert result.code == 0 and result.findings == [], result
    assert [e["count"] for e in result.scenario["expected_failures"]] == [1]


# ---- nothing is left ----


def wait_for(condition, seconds=30):
    """Waits for what another process does; how long it takes is not tested."""
    end = time.monotonic() + seconds * TIME_FACTOR
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def start(programs, what, **changes):
    words = [OUTSIDER, "{host}", "{port}", "1", what]
    path = programs.scenario(words, load={"threads": 4, "clients": 4}, **changes)
    command = programs.eighth.command("run", path, "--flavor", "plain")
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(programs.alive()) >= 4)
    return process


@pytest.mark.parametrize("what", ["deaf", "daemon-hang"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupt", "kill"])
def test_nothing_lives_when_eighth_is_ended(programs, what, number):
    process = start(programs, what)
    process.send_signal(number)
    assert process.wait(timeout=60 * TIME_FACTOR) == (3 if number == signal.SIGINT else -number)
    wait_for(lambda: programs.alive() == [])


def test_nothing_lives_when_the_driver_is_killed(programs):
    result = programs.outsider(1, "kill-driver")
    finding = result.finding("infra")
    assert "drives the program was killed by SIGKILL" in finding["title"]
    assert result.code == 3


def sh(programs, code, *arguments, **changes):
    words = ["sh", "-c", code.replace("{", "{{"), "sh", "{host}", "{port}", "{instance}", "{cycle}"]
    return programs.run([*words, *arguments], **changes)


CONNECT = f'{OUTSIDER} "$1" "$2" 1 nothing; '


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP"])
def test_only_eighth_tells_the_driver_to_end(programs, tmp_path, name):
    load = {"threads": 4, "clients": 4, "cycles": 5}
    code = CONNECT + f'echo >>"$5"; [ "$3" != 2 ] || kill -{name} $PPID'
    result = sh(programs, code, tmp_path / "ended", load=load)
    finding = result.finding("infra")
    assert f"SIG{name} was sent to the process that drives the program, not by eighth" in finding["title"]
    assert result.code == 3
    assert len((tmp_path / "ended").read_text()) == 20  # it was ignored: no cycle was left out


def test_a_trial_that_is_idle_at_its_deadline_has_not_passed(programs):
    steps = [{"run": {}}, {"hold": {"time": "50s"}}, {"run": {}}]
    words = [OUTSIDER, "{host}", "{port}", "1", "nothing"]
    finding = programs.run(words, steps=steps, deadline="1s").finding("hang")
    assert "no process of the program ran, and not all had begun" in finding["title"]


# Nothing says whose it is: a session and an environment of its own, and its parent is gone.
BARE = '(setsid env -i A=1 sleep 4711 >"$5/out" 2>&1 & echo $! >"$5/$3.$4"); '


def bare_lives(folder):
    pids = [int(f.read_text()) for f in folder.glob("?.?")]
    return [pid for pid in pids if pathlib.Path(f"/proc/{pid}").exists()]


def test_a_bare_daemon_of_the_only_program(programs, tmp_path):
    result = sh(programs, CONNECT + BARE, tmp_path, load={"cycles": 3})
    finding = result.finding("leak")
    assert "1 process of the program lived on" in finding["title"] and finding["occurrences"] == 3
    assert "sleep 4711" in evidence(finding, "processes left")
    assert finding["first_connection"] == 1 and bare_lives(tmp_path) == []


def test_bare_daemons_of_several_programs(programs, tmp_path):
    load = {"threads": 2, "clients": 4, "cycles": 3}
    result = sh(programs, CONNECT + BARE, tmp_path, load=load)
    finding = result.finding("leak")
    assert "1 process of one of " in finding["title"] and finding["occurrences"] == 12, finding
    assert "sleep 4711" in evidence(finding, "processes left")
    assert result.code == 1 and bare_lives(tmp_path) == []


def test_a_bare_daemon_of_a_program_that_was_stopped_is_only_counted(programs, tmp_path):
    load = {"threads": 2, "clients": 4}
    steps = [{"run": {"timeout": f"{int(2 * TIME_FACTOR)}s"}}]
    code = CONNECT + BARE + "sleep 1000"
    result = sh(programs, code, tmp_path, load=load, steps=steps)
    assert result.finding("hang")["occurrences"] == 4
    assert any("4 processes were killed" in note for note in result.scenario["notes"]), result
    assert bare_lives(tmp_path) == []


def test_a_bare_daemon_is_ended_while_others_run(programs, tmp_path):
    # The kernel tells beginnings in hundredths: the next program must be younger by more than one.
    leave = BARE + "sleep 0.1"
    await_end = 'while kill -0 $(cat "$5"/*.0); do sleep 0.05; done 2>&-'
    code = CONNECT + f'if [ "$4" = 0 ]; then {leave}; else {await_end}; fi'
    steps = [{"run": {"timeout": f"{int(30 * TIME_FACTOR)}s"}}]
    load = {"threads": 2, "clients": 2, "cycles": 2}
    result = sh(programs, code, tmp_path, load=load, steps=steps)
    assert result.finding("leak")["occurrences"] == 2


def test_a_bare_daemon_that_its_program_ends_is_none(programs, tmp_path):
    # It outlives other programs, for longer than leftovers may, and is still there.
    end = 'sleep 0.7; kill $(cat "$5/$3.$4") || exit 9; while kill -0 $(cat "$5/$3.$4"); do sleep 0.01; done 2>&-'
    code = CONNECT + f'if [ "$3" = 0 ]; then {BARE} {end}; fi; exit 0'
    result = sh(programs, code, tmp_path, load={"threads": 3, "clients": 3, "cycles": 3})
    assert result.code == 0 and result.findings == [], result


def test_the_deadline_of_the_trial_ends_all(programs):
    load = {"threads": 4, "clients": 4}
    deadline = f"{int(2 * TIME_FACTOR)}s"
    result = programs.outsider(1, "deaf", load=load, deadline=deadline)
    finding = result.finding("hang")
    assert "not done at the deadline of" in finding["title"] and finding["occurrences"] == 4
    assert "rest_for_ever" in frames(finding)


# ---- what a program sees ----


def test_environment_and_folder_are_controlled(programs, tmp_path):
    (tmp_path / "sub").mkdir()
    code = (
        "import os, socket, sys; socket.create_connection(sys.argv[1:3]); "
        "e = os.environ; seen = ('SECRET' in e, e.get('GIVEN'), os.path.basename(os.getcwd()), "
        "os.getsid(0) == os.getpid(), sys.stdin.read(), sorted(os.listdir('/proc/self/fd'))[:4]); "
        "print(seen, file=sys.stderr); sys.exit(9)"
    )
    path = programs.scenario([sys.executable, "-c", code, "{host}", "{port}"], {"GIVEN": "{path}-{{x}"})
    scenario = json.loads(path.read_text())
    scenario["client"]["cwd"] = "sub"
    for inherit in (False, True):
        scenario["client"]["inherit_env"] = inherit
        path = programs.eighth.write(scenario)
        result = programs.eighth("run", path, "--flavor", "plain", env={"SECRET": "1"})
        seen = (inherit, "/get-{x}", "sub", True, "", ["0", "1", "2", "3"])
        assert str(seen) in evidence(result.finding("error"), "standard error (its end)")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["no-such-program-anywhere"], "there is no program no-such-program-anywhere in PATH"),
        (["./missing"], "missing: No such file or directory"),
        (["./plain-file"], "no program that may be executed (chmod +x it)"),
    ],
)
def test_a_missing_program_is_the_users_error(programs, tmp_path, words, message):
    (tmp_path / "plain-file").write_text("")
    result = programs.run(words)
    assert result.code == 2 and message in result.err, result


def script(folder, name, *lines):
    file = pathlib.Path(folder) / name
    file.write_text("".join(line + "\n" for line in lines))
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("echo hello", "no script whose first line begins with #!"),
        ("\x7fELF\x02\x01\x01 of no machine", "it is no program for this machine"),
        ("#! /no/such/interpreter -x", "wants the interpreter /no/such/interpreter -x"),
    ],
)
def test_a_program_that_cannot_be_executed_is_the_users_error(programs, tmp_path, line, message):
    program = script(tmp_path, "program", line)
    result = programs.run([program], load={"threads": 3, "clients": 3, "start": "together"})
    assert result.code == 2 and message in result.err, result
    assert "cannot execute it" in result.err and "killed by" not in result.out


def test_a_missing_folder_is_the_users_error(programs):
    client = {"exec": [OUTSIDER, "{host}", "{port}", "1", "ok"], "cwd": "no-such-folder"}
    path = programs.eighth.write({"name": "programs", "target": CLEAR, "client": client})
    result = programs.eighth("run", path, "--flavor", "plain")
    assert result.code == 2 and "no-such-folder)" in result.err, result


def test_a_program_that_the_machine_does_not_start_is_no_users_error(programs, tmp_path):
    program = script(tmp_path, "program", "#!/bin/sh")
    with program.open("a"):  # a file that is being written is not executed: ETXTBSY
        result = programs.run([program], load={"threads": 3, "clients": 3})
    assert result.code == 3 and "cannot execute it: Text file busy" in result.err, result


def children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def drives(pid):
    try:
        return b"\0programs\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_the_driver_ends_when_eighth_dies_while_nothing_starts(programs, tmp_path):
    program = script(tmp_path, "program", "#!/bin/sh")
    path = programs.scenario([program])
    command = programs.eighth.command("run", path, "--flavor", "plain")
    with program.open("a"):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: any(drives(pid) for pid in children(process.pid)))
        (driver,) = [pid for pid in children(process.pid) if drives(pid)]
        process.kill()
        process.wait()
        wait_for(lambda: not drives(driver))


def test_flavors(programs):
    words = [OUTSIDER, "{host}", "{port}", "1", "nothing"]
    path = programs.scenario(words)
    asan = programs.eighth("run", path, "--flavor", "asan")
    assert asan.code == 2 and "which eighth cannot build as asan" in asan.err, asan
    poison = ["sh", "-c", 'exec 3<>/dev/null; case "$GLIBC_TUNABLES" in *perturb*) exit 5; esac']
    result = programs.eighth("run", programs.scenario(poison), "--flavor", "poison")
    assert "exited with status 5" in result.finding("error")["title"]


def test_an_address_as_target(programs):
    """Without eighth's own target the connections are not known, and the report says so."""
    server = subprocess.Popen(
        [sys.executable, "-c", "import socket; s = socket.create_server(('127.0.0.1', 0)); "
         "print(s.getsockname()[1], flush=True)\nwhile True: s.accept()[0].close()"],
        stdout=subprocess.PIPE, text=True,
    )
    try:
        target = {"address": f"127.0.0.1:{int(server.stdout.readline())}", "tls": False}
        assert programs.outsider(3, "nothing", target=target).code == 0
        result = programs.outsider(3, "crash", target=target)
        finding = result.finding("crash")
        assert finding["first_connection"] is None
        assert any("its connections are not known" in n for n in result.scenario["notes"])
    finally:
        server.kill()
        server.wait()


# ---- again ----


def test_reproduce_and_replay(programs):
    result = programs.outsider(4, "crash", load={"threads": 2, "clients": 2})
    finding = result.finding("crash")
    words = command_words(finding)
    again = programs.eighth(*words[1:], "--trials", "1", "--flavor", "plain")
    assert again.finding("crash")["signature"]["key"] == finding["signature"]["key"]
    replayed = programs.eighth("replay", result.path, "--reports", programs.eighth.reports)
    assert "(its connection 4)" in replayed.out, replayed
    shown = programs.eighth("show", result.path)
    assert "crash_now" in shown.out and "of the program: in run of instance" in shown.out


FRAGILE = """#!/bin/sh
[ "$MALLOC_ARENA_MAX" = "3 arenas" ] && kill -s SEGV $$
exit 0
"""


@pytest.fixture
def elsewhere(programs, tmp_path):
    """A run with nothing but relative paths in a folder of its own, with settings; and its folder."""
    there = tmp_path / "there"
    there.mkdir()
    (there / "fragile.sh").write_text(FRAGILE, encoding="utf-8")
    (there / "fragile.sh").chmod(0o755)
    programs.scenario(["./fragile.sh"], client={"exec": ["./fragile.sh"], "inherit_env": True})
    (programs.eighth.folder / "scenario.json").rename(there / "fragile.json")
    env = {"MALLOC_ARENA_MAX": "3 arenas", "TEST_PASSWORD": "hunter2", "TEST_MARK": programs.mark}
    result = programs.eighth("run", "fragile.json", "--flavor", "plain", cwd=there, env=env)
    assert result.finding("crash")["title"].startswith("SIGSEGV"), result
    return result, there


def test_replay_from_another_folder(programs, elsewhere, tmp_path):
    result, there = elsewhere
    here = tmp_path / "here"
    here.mkdir()
    finding = result.finding("crash")
    assert result.report["directory"] == str(there)
    assert result.report["settings"]["MALLOC_ARENA_MAX"] == "3 arenas"
    assert "MALLOC_ARENA_MAX='3 arenas' " in finding["reproduce"]
    assert "hunter2" not in result.path.read_text(encoding="utf-8")
    assert f"run in {there}" in programs.eighth("show", result.path).out
    replayed = programs.eighth("replay", result.path, cwd=here)
    assert replayed.code == 1, replayed
    again = replayed.finding("crash")
    assert again["signature"]["key"] == finding["signature"]["key"]
    assert replayed.report["directory"] == str(there)
    assert here / "reports" in replayed.path.parents
    assert not (there / "reports").exists()
    # As a shell runs it, there.
    shell = subprocess.run(again["reproduce"] + f" --reports {here}", shell=True, cwd=there,
                           capture_output=True, check=False)
    assert shell.returncode == 1, shell


def test_replay_by_a_relative_path_to_eighth(programs, elsewhere, tmp_path):
    result, there = elsewhere
    here = tmp_path / "here"
    here.mkdir()
    (here / "report.json").write_bytes(result.path.read_bytes())
    eighth = os.path.relpath(programs.eighth.binary, here)
    done = subprocess.run([eighth, "replay", "report.json", "--reports", "mine"], cwd=here,
                          capture_output=True, check=False, text=True)
    assert done.returncode == 1, done
    replayed = json.loads(pathlib.Path(done.stdout.splitlines()[-1]).read_text(encoding="utf-8"))
    assert pathlib.Path(replayed["command"][0]).is_absolute()
    assert len(list((here / "mine").glob("*/report.json"))) == 1


def test_replay_where_the_folder_is_gone(programs, elsewhere, tmp_path):
    result, there = elsewhere
    moved = tmp_path / "moved"
    there.rename(moved)
    lost = programs.eighth("replay", result.path, cwd=moved)
    assert lost.code == 2, lost
    assert f"{there}: No such file" in lost.err and "--here" in lost.err
    found = programs.eighth("replay", result.path, "--here", "-q", "--reports", tmp_path / "new", cwd=moved)
    assert found.code == 1 and found.report["directory"] == str(moved), found


# ---- load ----


def test_starts(programs):
    words = [OUTSIDER, "{host}", "{port}", "1", "nothing"]
    staggered = {"threads": 2, "clients": 4, "cycles": 2, "start": "staggered", "stagger": "100ms"}
    assert programs.run(words, load=staggered).scenario["cycles"]["completed"] == 8
    rate = {"threads": 4, "clients": 4, "cycles": 3, "start": {"rate": "100/s"}}
    assert programs.run(words, load=rate).scenario["cycles"]["completed"] == 12
    held = programs.run(
        words, load={"clients": 2, "cycles": 2}, steps=[{"run": {}}, {"hold": {"time": "1ms"}}, {"run": {}}]
    )
    assert held.scenario["cycles"] == {"started": 4, "completed": 4, "failed": 0}
    assert held.scenario["connections_at_target"] == 8
    timed = programs.run(words, load={"threads": 2, "clients": 2, "duration": "300ms"})
    assert timed.code == 0 and timed.scenario["cycles"]["completed"] >= 2


def controller_state(pid):
    fds = len(os.listdir(f"/proc/{pid}/fd"))
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return fds, pages * os.sysconf("SC_PAGE_SIZE")


def test_many_at_once_leave_the_controller_flat(programs):
    """The short form of tests/bench/programs.py."""
    words = ["sh", "-c", f"{OUTSIDER} {{host}} {{port}} 1 nothing; sleep 0.2"]
    load = {"threads": 60, "clients": 60, "duration": f"{int(6 * TIME_FACTOR)}s", "start": "staggered"}
    path = programs.scenario(words, load=load)
    command = programs.eighth.command("run", path, "--flavor", "plain")
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: len(programs.alive()) >= 40)
    states = []
    while process.poll() is None and len(states) < 20:
        time.sleep(0.1)
        try:
            states.append(controller_state(process.pid))
        except OSError:
            break
    assert process.wait(timeout=60 * TIME_FACTOR) == 0, process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    # A look at /proc takes the controller a descriptor for a moment: least against least.
    assert len(states) >= 10
    assert min(s[0] for s in states[-5:]) <= min(s[0] for s in states[:5])
    assert max(s[1] for s in states) - states[0][1] < 1 << 20


# ---- examples ----


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_example_is_clean(eighth, path):
    program = json.loads(path.read_text())["client"]["exec"][0]
    if "/" not in program and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    result = eighth("run", path, "--flavor", "plain", timeout=120)
    assert result.code == 0 and result.findings == [], result
    assert result.scenario["connections_at_target"] >= result.scenario["cycles"]["started"]
