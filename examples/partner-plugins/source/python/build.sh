#!/bin/sh
# Builds partner-codes-python.wasm: a component with CPython inside, by componentize-py, which PyPI has. Python imports
# WASI; `scrip plugin pack` gives it a stub.
set -eu
cd "$(dirname "$0")"
# shellcheck source=../../tools.sh
. ../../tools.sh

mkdir -p build
python_tool componentize-py 0.25.1
componentize-py --wit-path ../../../../plugins/wit/1.0.0 --world source componentize app -o build/component.wasm
scrip plugin pack build/component.wasm
