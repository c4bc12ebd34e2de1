# make demo and make test are all a newcomer needs: each installs what is missing, builds, and does
# its job. The others: lint, bench, profile, fuzz, conformance, captures, recordings, install.

SHELL := /bin/sh
PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift

# Counts of the packet path's branches, by which the compiler puts together what is run for nearly all
# packets: 6 % fewer instructions, and less than half of the misses of an instruction cache of 32 KiB. They
# are of one version of Swift (`make profile` records them); others build without.
SWIFT_VERSION := $(shell $(SWIFT) --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p')
PROFILE := $(wildcard $(CURDIR)/Tests/Benchmarks/Profile/swift-$(SWIFT_VERSION).profdata)
PROFILED := $(if $(PROFILE),-Xswiftc -Xfrontend -Xswiftc -ir-profile-use=$(PROFILE))

# The shipped binary: the Swift standard library inside, so that it starts in a few milliseconds
# and runs where no Swift is installed. Without frame pointers it does its work in 3 % fewer
# instructions. C++'s library, which Swift's needs, is inside too, and no symbol is offered to other
# libraries: the loader has 1.4 ms less to do, an eighth of a start.
TOOLS := $(shell dirname "$$(readlink -f "$$(command -v $(SWIFT))")" 2>/dev/null)
CXX_LIBRARY := $(filter /%,$(shell $(TOOLS)/clang -print-file-name=libstdc++.a 2>/dev/null))
INSIDE := $(CURDIR)/.build/inside
# The addresses that the loader adjusts stand in a bitmap (DT_RELR, in glibc since 2.36), not in a table of
# a megabyte and a half: half a millisecond of a start. It takes the linker that comes with Swift.
PACKED := $(if $(wildcard $(TOOLS)/ld.lld),$(shell getconf GNU_LIBC_VERSION 2>/dev/null | \
  awk '{ split($$2, number, "."); if (number[1] > 2 || number[2] >= 36) \
    print "-Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs" }'))
LINKED := -Xlinker --no-export-dynamic -Xswiftc -Xclang-linker -Xswiftc -static-libgcc \
  $(if $(CXX_LIBRARY),-Xswiftc -L$(INSIDE)) $(PACKED)
RELEASE := -c release --static-swift-stdlib --omit-frame-pointers $(PROFILED) $(LINKED)
LIBRARIES := pkg-config libpcap-dev libssl-dev zlib1g-dev libsqlite3-dev
PEERS := tshark tcpdump iproute2 nftables procps python3 python3-cryptography python3-jsonschema \
  python3-venv python3-aiohttp python3-socketio python3-engineio python3-requests python3-websocket

.PHONY: demo test build lint format bench profile fuzz conformance captures recordings install packages test-packages clean

demo: build
	$(NETLAB) read Captures/flask-socketio-session.pcap -Y 'ip.addr == 10.0.0.33 && tcp.port == 5000'

NETLAB = $$($(SWIFT) build $(RELEASE) --show-bin-path)/netlab

packages:
	@.ci/install $(LIBRARIES)
	@command -v $(SWIFT) >/dev/null || { \
	  echo "netlab: no Swift toolchain found; get Swift 6.2 or later from https://swift.org/install" >&2; \
	  exit 1; }

test-packages: packages
	@.ci/install $(PEERS)
	@for one in chromium chromium-browser google-chrome; do \
	  command -v $$one >/dev/null && exit 0; done; \
	  .ci/install chromium
	@test -x .venv/bin/python || python3 -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check \
	  -r Tests/netlabTests/Browser/requirements.txt

# The linker takes a shared library before one that is put inside, unless it finds that alone.
build: packages
	@mkdir -p $(INSIDE)
	@$(if $(CXX_LIBRARY),ln -sf $(CXX_LIBRARY) $(INSIDE)/)
	$(SWIFT) build $(RELEASE)

# In two runs: a test that waits for another program holds one of the few threads, and the servers'
# tests, which have deadlines, would wait for theirs.
SERVERS := ^(SocketServerTests|ChatServerTests|ChatClientTests)\.

test: test-packages
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --filter '$(SERVERS)'
	$(SWIFT) test --skip-build --skip '$(SERVERS)'

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests
	@if grep -rnE '^import (Foundation|FoundationEssentials)' Sources; then \
	  echo "netlab: Foundation must stay off the start path" >&2; exit 1; fi

format:
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

bench: build
	@.ci/install tshark tcpdump iproute2 gcc libc6-dev hping3 python3 python3-venv
	NETLAB=$(NETLAB) Tests/Benchmarks/run

profile: packages
	@.ci/install python3
	SWIFT=$(SWIFT) Tests/Benchmarks/record_profile

# A million executions of each entry point; RUNS=1000 for a quick look.
RUNS ?= 1000000
fuzz: packages
	RUNS=$(RUNS) Tests/Fuzz/run

# The Autobahn suite's cases against the WebSocket echo. It needs Python 2.7.
conformance: build
	@.ci/install python3 python3-venv
	NETLAB=$(NETLAB) Tests/Conformance/autobahn.sh

# Makes the hand-made recordings in Captures/ again; the golden text with `make golden`.
captures:
	@.ci/install python3 python3-venv
	test -x .venv/bin/python || python3 -m venv .venv
	.venv/bin/pip install --quiet scapy==2.6.1 cryptography==50.0.2
	for recipe in Captures/recipes/*.py; do .venv/bin/python $$recipe || exit 1; done

# Records the sessions of real clients and servers again, with their truth: root, because of the
# network namespaces. Times and segment borders come out differently, so this is for new ones.
RECORDINGS = socketio_session socketio_jsonp socketio_upgrade http_bodies websocket_frames websocket_deflate \
  websocket_violations fernet_chat unknown_stream
recordings:
	@test "$$(id -u)" = 0 || { echo "netlab: make recordings needs root" >&2; exit 1; }
	@.ci/install python3 python3-venv tcpdump iproute2 procps curl
	test -x .venv/bin/python || python3 -m venv .venv
	test -x .venv/engineio-v3/bin/python || python3 -m venv .venv/engineio-v3
	.venv/bin/pip install --quiet -r Captures/recordings/requirements.txt
	.venv/engineio-v3/bin/pip install --quiet -r Captures/recordings/requirements-v3.txt
	for one in $(RECORDINGS); do .venv/bin/python Captures/recordings/$$one.py || exit 1; done
	.venv/engineio-v3/bin/python Captures/recordings/engineio_v3.py
	.venv/bin/python Captures/recordings/socketio_packets.py > Captures/truth/socketio-packets.txt

.PHONY: golden
golden: test-packages
	NETLAB_RECORD=1 $(SWIFT) test --filter GoldenTests

# The plugin makes pages for netlab-serve too ("netlab serve.1"); netlab's own say the same.
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(NETLAB) $(NETLAB)-serve $(DESTDIR)$(PREFIX)/bin
	mkdir -p .build/manual
	$(SWIFT) package --disable-sandbox generate-manual --multi-page --output-directory .build/manual
	install -m 644 .build/manual/netlab.* $(DESTDIR)$(PREFIX)/share/man/man1
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	  $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(NETLAB) --generate-completion-script bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/netlab
	$(NETLAB) --generate-completion-script zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_netlab
	$(NETLAB) --generate-completion-script fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/netlab.fish

clean:
	$(SWIFT) package clean
