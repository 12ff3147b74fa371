"""Serves timing requests, one JSON object a line: see benches/src/peers/process.rs.

A peer is a dictionary from the row's name to a function that makes the inputs and returns the
work: a function without arguments that does it once and waits until it is done.
"""

import json
import sys
import time


def serve(name, version, workloads):
    def say(answer):
        # Standard output carries answers only.
        print(json.dumps(answer), file=sys.__stdout__, flush=True)

    prepared = {}
    say({"peer": name, "version": version, "workloads": sorted(workloads)})
    for line in sys.stdin:
        try:
            request = json.loads(line)
            row = request["run"]
            if row not in prepared:
                prepared[row] = workloads[row]()
            work = prepared[row]
            start = time.perf_counter()
            for _ in range(request["times"]):
                work()
            say({"seconds": time.perf_counter() - start})
        except Exception as error:  # the run goes on without this row
            say({"error": f"{type(error).__name__}: {error}"})
