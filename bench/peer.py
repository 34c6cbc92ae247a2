"""Neural Tangents' side of the race: one workload (JSON in argv[1]), timed once for each line on stdin.

Answers every line with the seconds of one warm, jitted call, and "peak MB" with the process's peak memory.
"""

import json
import os
import resource
import sys
import time

work = json.loads(sys.argv[1])
os.environ["JAX_ENABLE_X64"] = "1" if work["precision"] == "f64" else "0"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import warnings

warnings.filterwarnings("ignore")
import jax
import numpy as np
from neural_tangents import stax


def network():
  hidden = lambda: (stax.Dense(1, 2**0.5, 0.1), stax.Relu())
  if work["kind"] == "dense":
    return stax.serial(*[layer for _ in range(work["layers"]) for layer in hidden()], stax.Dense(1))
  attend = lambda: stax.GlobalSelfAttention(1, 1, 1, 1)
  pool = stax.Flatten() if work["readout"] == "flatten" else stax.GlobalAvgPool()
  return stax.serial(*hidden()[:1], attend(), stax.Relu(), *hidden()[:1], attend(), stax.Relu(), pool, stax.Dense(1))


kernel_fn = jax.jit(network()[2], static_argnames="get")
dtype = np.float64 if work["precision"] == "f64" else np.float32
x = np.random.default_rng(0).standard_normal(work["shape"]).astype(dtype)
run = lambda: jax.block_until_ready(kernel_fn(x, None, get=("nngp", "ntk")))
run()
print("ready", flush=True)
for _ in sys.stdin:
  start = time.perf_counter()
  run()
  seconds = time.perf_counter() - start
  peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
  print(json.dumps({"seconds": seconds, "peak": peak}), flush=True)
