#!/usr/bin/env python3
"""Prints the port of the first address that `netlab serve` says it listens on.

    served_port.py FILE      (FILE is the server's standard output, which may still be empty)
"""
import re
import sys
import time

LONGEST = 20

deadline = time.monotonic() + LONGEST
while time.monotonic() < deadline:
    with open(sys.argv[1]) as said:
        address = re.search(r"http://[^\s/]+:(\d+)\b", said.read())
    if address:
        print(address[1])
        sys.exit(0)
    time.sleep(0.05)
sys.exit(f"the server named no address in {LONGEST} seconds")
