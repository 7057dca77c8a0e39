"""Prints answers of PyPI's cassandra-sigv4 to fixed challenges, as the JSON of vectors.json.

    pip install cassandra-sigv4==4.0.2 && python vectors.py > vectors.json
"""

import json
from collections import namedtuple
from datetime import datetime, timedelta
from unittest import mock

from cassandra_sigv4 import auth

Keys = namedtuple("Keys", "access_key secret_key token")
Session = namedtuple("Session", "region_name get_credentials")

CASES = [
    # nonce, Unix milliseconds, region, access key, secret key, session token
    (b"91703fdc2ef562e19fbdab0f58e42fe5", 1591742511000, "us-west-2", "UserID-1", "UserSecretKey-1", None),
    (b"91703fdc2ef562e19fbdab0f58e42fe5", 1591742511000, "us-west-2", "UserID-1", "UserSecretKey-1", "sess-token-1"),
    (bytes(range(32)), 1764028800007, "eu-west-1", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None),
    (bytes(range(224, 256)), 1735689599999, "ap-southeast-2", "ASIAIOSFODNN7EXAMPLE", "a/b+c=", "IQoJb3JpZ2luX2VjE/+=="),
    (b"=" * 32, 1709164800120, "us-gov-east-1", "AKIDEXAMPLE", "x" * 40, "t" * 400),
]


def answer(nonce, unix_ms, region, keys):
    now = datetime(1970, 1, 1) + timedelta(milliseconds=unix_ms)
    with mock.patch.object(auth, "datetime", mock.Mock(utcnow=lambda: now)):
        session = Session(region, lambda: keys)
        return auth.SigV4Authenticator(session).evaluate_challenge(b"nonce=" + nonce)


vectors = []
for nonce, unix_ms, region, access_key, secret_key, token in CASES:
    vectors.append(
        {
            "nonce": nonce.hex(),
            "unix_ms": unix_ms,
            "region": region,
            "access_key": access_key,
            "secret_key": secret_key,
            "session_token": token,
            "answer": answer(nonce, unix_ms, region, Keys(access_key, secret_key, token)),
        }
    )
print(json.dumps(vectors, indent=2))
