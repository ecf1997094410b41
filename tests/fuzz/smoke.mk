## fuzz-smoke: every fuzz target, for half a minute each unless FUZZ_TIME says otherwise
.PHONY: fuzz-smoke
fuzz-smoke: FUZZ_TIME = 30
fuzz-smoke: fuzz_quiet = -verbosity=0
fuzz-smoke: fuzz-scenario fuzz-sanitizer fuzz-report fuzz-http1 fuzz-program
