#!/usr/bin/env bash
# Installs Neural Tangents, which we are raced against, with the last versions that work together (Python 3.11).
# Usage: bench/install-peer.sh [FOLDER]   (default bench/.peer); then: npm run bench -- --peer FOLDER/bin/python
set -euo pipefail
folder=${1:-"$(dirname "$0")/.peer"}
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet jax==0.4.23 jaxlib==0.4.23 'numpy<1.27' 'scipy<1.13' frozendict \
  tensorflow-cpu==2.15.1 tf2jax==0.3.6 more-itertools absl-py flax==0.7.5
"$folder/bin/pip" install --quiet --no-deps neural-tangents==0.6.5
echo "$folder/bin/python"
