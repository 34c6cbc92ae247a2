"""Neural Tangents' side of a race: one workload (JSON in argv[1]), compiled and computed once at the start. Then it
does what lines of stdin say: `save PREFIX` writes the matrices of that first time, `run` computes them again and answers
with seconds and memory.
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

GET = ("nngp", "ntk")


def attention(o):
  return stax.GlobalSelfAttention(
    1, 1, 1, 1, W_out_std=o.get("outStd", 1.0), linear_scaling=o.get("scaling", "linear") == "linear",
    attention_mechanism=o.get("weights", "softmax").upper())


LAYERS = {
  "dense": lambda o: stax.Dense(1, o["weightStd"], o["biasStd"]),
  "conv": lambda o: stax.Conv(1, tuple(o["filter"]), padding=o["padding"].upper(), W_std=o["weightStd"], b_std=o["biasStd"]),
  "relu": lambda o: stax.Relu(),
  "attention": attention,
  "globalAvgPool": lambda o: stax.GlobalAvgPool(),
  "flatten": lambda o: stax.Flatten(),
}

kernel_fn = stax.serial(*[LAYERS[layer["type"]](layer) for layer in work["network"]])[2]
constant = work["padding"] if "lengths" in work else None
jitted = jax.jit(lambda x: [getattr(kernel_fn(x, None, GET, mask_constant=constant), q) for q in GET])
x = np.load(work["inputs"])
run = lambda: jax.block_until_ready(jitted(x))


def seconds():
  usage = resource.getrusage(resource.RUSAGE_SELF)
  return time.perf_counter(), usage.ru_utime + usage.ru_stime


def peak_megabytes():
  """Most memory that this process had at a time. Linux counts getrusage() of a child from its parent's."""
  if sys.platform == "linux":
    with open("/proc/self/status") as status:
      return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def timed():
  before = seconds()
  run()
  wall, cpu = (after - start for after, start in zip(seconds(), before))
  return {"wall": wall, "cpu": cpu, "peak": peak_megabytes()}


def answer(about):
  print(json.dumps(about), flush=True)


first = run()
answer({})
for line in sys.stdin:
  order, *prefix = line.split()
  if order == "save":
    for quantity, matrix in zip(GET, first):
      np.asarray(matrix).tofile(f"{prefix[0]}.{quantity}")
    answer({})
  else:
    first = None
    answer(timed())
