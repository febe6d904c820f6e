# The commands of README.md. Everything they need and do not find is installed: Debian packages with
# apt, Python packages into a private environment under .build-python.

SHELL := /bin/bash
PYTHON := .build-python/bin/python
BIN := .build/release

.PHONY: demo build test unit process kernel fuzz lint graph deps python bench clean

demo: build
	@$(BIN)/solvent demo

build: deps
	swift build -c release --explicit-target-dependency-import-check error

# One debug build with the tests of all modules, one release build for the tests of the processes.
test: deps python lint unit process kernel fuzz

unit: deps python
	swift build --build-tests
	SOLVENT_PYTHON=$(abspath $(PYTHON)) swift test --skip-build --skip ProcessTests

process: build python
	swift build --build-tests
	SOLVENT_PYTHON=$(abspath $(PYTHON)) SOLVENT_BIN=$(abspath $(BIN)) \
	  swift test --skip-build --filter ProcessTests

fuzz:
	Tests/Fuzz/run

lint:
	swift format lint --strict --parallel --recursive Sources services Tests Benchmarks Package.swift

# The module graph, from Package.swift; fails when transport and economics depend on each other.
graph:
	@python3 docs/graph.py

# The fast kernel must share no code with the rest: the linker would keep one copy of it for both, and a
# processor without AVX2 would run it.
kernel: build
	@shared=$$(find .build/release/ -path '*SimulationKernelV3.build*' -name '*.o' -exec nm {} + \
	  | awk '$$2 == "W" || $$2 == "u"' | grep -v SimulationKernelV3 || true); \
	if [ -n "$$shared" ]; then echo "the fast kernel shares code:"; echo "$$shared"; exit 1; fi

deps:
	@missing=""; for package in libzmq3-dev libsqlite3-dev zlib1g-dev python3-venv; do \
	  dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	  sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq $$missing >/dev/null; fi

python: deps
	@test -x $(PYTHON) || python3 -m venv .build-python
	@$(PYTHON) -c 'import cbor2, jsonschema, pycddl, zmq' 2>/dev/null || \
	  $(PYTHON) -m pip -q --disable-pip-version-check install cbor2 jsonschema pycddl pyzmq

bench: build
	Benchmarks/fabric/run
	Benchmarks/costing/run
	Benchmarks/runway/run
	Benchmarks/fleet/run

clean:
	rm -rf .build .build-*
