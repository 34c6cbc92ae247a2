"""The NumPy side of bench/shaped.mjs: times steps of an implementation with Model, step_split and gram_layer.

Reads lines `workload m batch`, answers each with processor microseconds of one step of one path.
"""
import importlib.util
import sys
import time

import numpy as np

spec = importlib.util.spec_from_file_location("reference", sys.argv[1])
r = importlib.util.module_from_spec(spec)
spec.loader.exec_module(r)
rng = np.random.default_rng(1)
model = r.Model("transformer", gamma=0.25, tau0=1, cp=1, cm=-1)
n, nk = 2048, 64


def weights_layer(m):
    """The straightforward network: tokens of width n through a layer whose weights are drawn."""
    x = np.sqrt(n) * np.broadcast_to(np.linalg.cholesky(0.8 * np.eye(m) + 0.2), (1, m, m)) @ np.eye(m, n)
    return lambda: r.direct_layer(rng, x, model, nk)


def covariances(m, batch):
    return np.broadcast_to(0.8 * np.eye(m) + 0.2, (batch, m, m)).copy()


workloads = {
    "split": lambda m, batch: lambda v=covariances(m, batch): r.step_split(rng, v, model, 1 / 32),
    "gram": lambda m, batch: lambda v=covariances(m, batch): r.gram_layer(rng, v, model, n, nk),
    "surrogate": lambda m, batch: lambda v=covariances(m, batch): r.gram_layer(rng, v, model, n, nk, "fast"),
    "weights": lambda m, batch: weights_layer(m),
}

for line in sys.stdin:
    name, m, batch = line.split()
    run = workloads[name](int(m), int(batch))
    run()
    before = time.process_time()
    rounds = 0
    while rounds < 1 or time.process_time() - before < 0.4:
        run()
        rounds += 1
    count = 1 if name == "weights" else int(batch)
    print((time.process_time() - before) / rounds / count * 1e6, flush=True)
