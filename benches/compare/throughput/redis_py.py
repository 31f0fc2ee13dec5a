"""Slices of redis-py's multi-database client and of its plain one, in turn, by one caller.

Prints pairs of figures, the multi-database client's first: commands a second, and nanoseconds of this process's time.
"""

import json
import sys
import time

import redis
from redis.multidb.client import MultiDBClient
from redis.multidb.config import DatabaseConfig, MultiDbConfig

SLICE, KEYS, PIPELINE = 0.1, 1000, 100

primary, secondary, work, rounds = sys.argv[1:]
plain = redis.Redis.from_url(primary)
multi = MultiDBClient(
    MultiDbConfig(
        databases_config=[
            DatabaseConfig(from_url=primary, weight=1.0),
            DatabaseConfig(from_url=secondary, weight=0.5),
        ]
    )
)


def get(client, number):
    assert client.get("key:%04d" % (number % KEYS)) is not None
    return 1


def pipeline(client, number):
    together = client.pipeline()
    for place in range(PIPELINE):
        together.get("key:%04d" % ((number + place) % KEYS))
    assert len(together.execute()) == PIPELINE
    return PIPELINE


def run(client):
    call = get if work == "get" else pipeline
    commands, began, spent = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < SLICE:
        commands += call(client, commands)
    return commands / (time.perf_counter() - began), (time.process_time() - spent) / commands * 1e9


run(multi), run(plain)
slices = [(run(multi), run(plain)) for _ in range(int(rounds))]
print(
    json.dumps(
        {
            "speed": [(ours[0], base[0]) for ours, base in slices],
            "cost": [(ours[1], base[1]) for ours, base in slices],
        }
    ),
    flush=True,
)
