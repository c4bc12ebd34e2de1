#!/usr/bin/env python3
"""The two ends of a run of the Autobahn suite.

    autobahn.py spec URL CASES...     prints the suite's configuration
    autobahn.py verdict INDEX         judges its report; fails when a case did
"""
import collections
import json
import sys

# NON-STRICT: right, but later than possible. INFORMATIONAL: the RFC leaves it open.
GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}
AGENT = "netlab"


def spec(url, *cases):
    print(json.dumps({
        "outdir": "reports",
        "servers": [{"agent": AGENT, "url": url}],
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }))


def verdict(index):
    with open(index) as report:
        cases = json.load(report)[AGENT]
    bad = {
        name: case for name, case in cases.items()
        if case["behavior"] not in GOOD or case["behaviorClose"] not in GOOD
    }
    counts = collections.Counter(case["behavior"] for case in cases.values())
    print(f"{len(cases)} cases: " + ", ".join(f"{count} {word}" for word, count in counts.items()))
    for word in sorted(set(counts) - {"OK"}):
        print(f"{word}: " + " ".join(name for name in sorted(cases, key=in_order)
                                     if cases[name]["behavior"] == word))
    for name in sorted(bad, key=in_order):
        case = bad[name]
        print(f"case {name}: {case['behavior']}, close {case['behaviorClose']} "
              f"(code {case['remoteCloseCode']}), see {case['reportfile']}")
    if bad or not cases:
        sys.exit(f"{len(bad)} of {len(cases)} cases failed")


def in_order(name):
    return [int(part) for part in name.split(".")]


if __name__ == "__main__":
    {"spec": spec, "verdict": verdict}[sys.argv[1]](*sys.argv[2:])
