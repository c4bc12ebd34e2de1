#!/usr/bin/env python3
"""fernet_speed.py seal|open OCTETS COUNT: what FernetSpeed does, with Python's cryptography."""
import sys

from cryptography.fernet import Fernet

what, octets, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
fernet = Fernet(Fernet.generate_key())
plain = b"a" * octets
token = fernet.encrypt(plain)
for _ in range(count):
    if what == "seal":
        assert len(fernet.encrypt(plain)) == len(token)
    else:
        assert len(fernet.decrypt(token, ttl=3600)) == octets
