"""The same callers on redis-py's multi-database client: eight threads, a call every 5 ms each.

Prints a line when it is ready, one when the secondary has answered, and, told to stop, all calls: when each began by the
monotonic clock, how long it took, and how it ended.
"""

import json
import sys
import threading
import time

from redis.backoff import ExponentialWithJitterBackoff
from redis.multidb.client import MultiDBClient
from redis.multidb.config import DatabaseConfig, MultiDbConfig
from redis.retry import Retry

PACE, CALLERS, COUNTED_FROM = 0.005, 8, 1 << 32

primary, secondary, settings = sys.argv[1:]
tuned = settings == "tuned"
kwargs = {"socket_timeout": 0.5} if tuned else {}
options = (
    dict(
        health_check_interval=0.5,
        health_check_probes=1,
        health_check_delay=0.05,
        health_check_timeout=0.5,
        min_num_failures=3,
        failure_rate_threshold=0.1,
        failures_detection_window=1.0,
        command_retry=Retry(retries=10, backoff=ExponentialWithJitterBackoff(base=0.01, cap=0.1)),
        failover_attempts=20,
        failover_delay=0.2,
        auto_fallback_interval=1.0,
    )
    if tuned
    else {}
)
client = MultiDBClient(
    MultiDbConfig(
        databases_config=[
            DatabaseConfig(from_url=primary, weight=1.0, client_kwargs=dict(kwargs)),
            DatabaseConfig(from_url=secondary, weight=0.5, client_kwargs=dict(kwargs)),
        ],
        **options,
    )
)

over, moved = threading.Event(), threading.Event()
calls = []  # One append of one thread is whole.


def one(turn):
    kind = turn % 10
    if kind < 5:
        return "secondary" if client.get("name") in (b"secondary", "secondary") else "answered"
    if kind < 8:
        client.set("text", turn)
        return "answered"
    try:
        return "secondary" if client.incr("counter") > COUNTED_FROM else "answered"
    except Exception:
        return "in doubt"


def call(number):
    turn = number
    time.sleep(PACE * number / CALLERS)
    while not over.is_set():
        began = time.monotonic()
        try:
            end = one(turn)
        except Exception:
            end = "failed"
        took = time.monotonic() - began
        calls.append((began, took, end))
        if end == "secondary":
            moved.set()
        turn += 1
        time.sleep(max(0.0, PACE - took))


client.get("name")
threads = [threading.Thread(target=call, args=(number,), daemon=True) for number in range(CALLERS)]
for thread in threads:
    thread.start()
print("ready", flush=True)
moved.wait()
print("moved", flush=True)
sys.stdin.readline()
over.set()
print(json.dumps(calls), flush=True)
