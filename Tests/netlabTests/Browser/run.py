"""Runs the checks that are named, all when none is. NETLAB names the program.

    NETLAB=.build/debug/netlab .venv/bin/python Tests/netlabTests/Browser/run.py two_browsers
"""

import inspect
import signal
import sys

import chatting
import hostile
import outages
import people

CHECKS = {
    name: check
    for module in (chatting, outages, hostile, people)
    for name, check in inspect.getmembers(module, inspect.isfunction)
    if check.__module__ == module.__name__ and not name.startswith("_")
}


def give_up(*_):
    raise TimeoutError("a check takes too long")


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(CHECKS))
    else:
        for name in sys.argv[1:] or CHECKS:
            signal.signal(signal.SIGALRM, give_up)
            signal.alarm(150)
            CHECKS[name]()
            signal.alarm(0)
            print(f"{name}: ok", flush=True)
