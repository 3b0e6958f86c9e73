#!/bin/sh
# Makes the seven models of the demo again: data from the story generators, training, export, measurement.
# Needs Node, Python 3.11 and PyPI; takes about ten minutes on two cores. Prints the figures that README.md states.
set -eu
cd "$(dirname "$0")/.."
venv=.cache/models-venv
data=.cache/models-data

npm run --silent build
node models/dump-training-data.mjs "$data"

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet -r models/requirements.txt

"$venv/bin/python" models/train_tables.py "$data" models
"$venv/bin/python" models/train_detectors.py "$data" models
