#!/usr/bin/env bash
# Builds the client in a copy and runs its page without a browser: run.sh BINARY. Needs node and npm.
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy=$work/examples/web-client
mkdir -p "$copy"
cp ../../schema.graphql "$work"
cp -r .npmrc package.json package-lock.json tsconfig.json codegen.ts index.html src headless "$copy"
cd "$copy"
npm ci
npm run --silent build
npm run --silent headless -- "$binary" "$work"
