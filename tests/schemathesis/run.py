#!/usr/bin/env python3
"""Thousands of requests, good and bad, made from /openapi.json against a running `millrace dev`.

    run.py MILLRACE SCHEMATHESIS SECONDS

MILLRACE is the built command, SCHEMATHESIS the tool's. It is run twice for SECONDS each: with addresses
it makes up, and with those of a ledger and a job that are there, so that it gets behind the 404s. No
answer may be a 5xx, or another than its description says, and what asks for a token is answered to
nobody without one. Prints how many requests were made.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,ignored_auth"
)
EXAMPLE = os.path.join(os.path.dirname(__file__), "../../infra/local/examples/first.csv")
LEDGER = "main"
FEWEST = 1000


def read(url, token):
    asked = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


def address(log):
    """Where the stack serves, and a token for it: the first address that it says."""
    for _ in range(300):
        with open(log, encoding="utf-8") as said:
            found = re.search(r"(http://127\.0\.0\.1:\d+)/#token=([\w.-]+)\s", said.read())
        if found:
            return found.groups()
        time.sleep(0.1)
    sys.exit("millrace dev did not start; see " + log)


def known(millrace, base, token, folder):
    """Addresses that are there: a published ledger and its first job."""
    ingest = [millrace, "ingest", EXAMPLE, "--endpoint", base, "--ledger", LEDGER, "--json"]
    env = {**os.environ, "MILLRACE_TOKEN": token}
    subprocess.run(ingest, check=True, stdout=subprocess.DEVNULL, env=env)
    job = read(base + "/v1/jobs", token)["items"][-1]["job_id"]
    config = os.path.join(folder, "known.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f'[parameters]\n"path.ledger" = "{LEDGER}"\n"path.id" = "{job}"\n')
        file.write('"path.name" = "transactions.csv"\n')
    return config


def attack(tool, base, token, seconds, folder, config):
    """One run; how many requests it made."""
    command = [tool]
    if config:
        command += ["--config-file", config]
    command += ["run", base + "/openapi.json", "--phases", "coverage,fuzzing", "--checks", CHECKS]
    command += ["--max-time", seconds, "--max-redirects", "0", "--continue-on-failure"]
    command += ["--warnings", "off", "--no-color", "--header", f"Authorization: Bearer {token}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    made = re.search(r"(\d+) generated", done.stdout)
    if done.returncode or not made:
        sys.exit(done.stdout + done.stderr)
    return int(made.group(1))


def main(millrace, tool, seconds):
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "dev.log")
        with open(log, "w", encoding="utf-8") as said:
            command = [millrace, "dev", "--port", "0", "--data", os.path.join(folder, "data")]
            stack = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        try:
            base, token = address(log)
            config = known(os.path.abspath(millrace), base, token, folder)
            made = [attack(tool, base, token, seconds, folder, at) for at in (None, config)]
            print(f"{made[0]} requests at made-up addresses, {made[1]} at known ones: no 5xx, all as described")
            if min(made) < FEWEST or stack.poll() is not None:
                sys.exit(f"fewer than {FEWEST} requests, or the stack has ended")
        finally:
            stack.terminate()
            stack.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
