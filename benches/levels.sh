#!/usr/bin/env bash
# Where the processor's time goes while requests are served, by crate: how the levels in Cargo.toml were
# found. benches/levels.sh [http|scrip|streams|plugins], and then the arguments of that benchmark. Needs perf
# (Debian's linux-perf) and python3. The linker's map tells which crate's object file a function is in: that
# crate's level is the one it was compiled with, also where it is another crate's generic.
set -euo pipefail
cd "$(dirname "$0")/.."
bench=${1:-http}
[ $# -eq 0 ] || shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

binary=$(cargo rustc --profile dev --bench "$bench" --message-format=json -- -C "link-arg=-Wl,-Map=$work/map" |
  python3 -c '
import json, sys
lines = (json.loads(line) for line in sys.stdin)
print([line["executable"] for line in lines if line.get("executable")][-1])')
perf record --quiet -e cpu-clock -F 997 -o "$work/data" "$binary" --bench "$@" >&2
perf script -i "$work/data" -F ip,dso,sym --demangle=0 2>/dev/null > "$work/samples" ||
  perf script -i "$work/data" -F ip,dso,sym --no-demangle > "$work/samples"

python3 - "$work/map" "$work/samples" "$(basename "$binary")" <<'PYTHON'
import collections, re, sys

crate_of = {}
for line in open(sys.argv[1], errors="replace"):
    # .../libtokio-0123456789abcdef.rlib(tokio-0123456789abcdef.tokio.4567-cgu.0.rcgu.o):(.text.SYMBOL)
    file, found, symbol = line.rstrip().rpartition(":(.text.")
    if found:
        file = file.split("(")[0].rpartition("/")[2]
        crate = re.split(r"-[0-9a-f]{16}|\.", file.removeprefix("lib"))[0]
        crate_of[symbol.rstrip(")").removeprefix("unlikely.").removeprefix("hot.")] = crate
counts, total = collections.Counter(), 0
for line in open(sys.argv[2], errors="replace"):
    found = re.match(r"\s*[0-9a-f]+\s+(\S+)(?:\+0x[0-9a-f]+)?\s+\((.*)\)\s*$", line)
    if not found:
        continue
    symbol, dso = found.groups()
    total += 1
    if sys.argv[3] in dso:
        counts[crate_of.get(symbol, "[other code]")] += 1
    else:
        counts["[kernel and libraries]"] += 1
for crate, count in counts.most_common():
    print(f"{100 * count / total:6.2f} %  {crate}")
PYTHON
