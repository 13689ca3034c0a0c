#!/usr/bin/env bash
# CPU of a request through the gateway beside nginx, HAProxy and a bare hyper proxy, and what connections take of memory, in one run.
#
#   bench/gateway.sh [--short] [--requests N] [--rounds N] [--idle N] [PART...]
#
# Everything at full length takes half an hour or more; `--short` less than three minutes. `bench-gateway parts` lists the parts. nginx and HAProxy are
# taken from the machine and left out where they are not installed. Figures are printed and not judged, because other work on the machine
# changes them, but for one: it fails if memory grows over 100,000 requests. Builds in release.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/sbin"
target=${CARGO_TARGET_DIR:-target}
cargo build -q --release -p figway
cargo build -q --release --manifest-path bench/Cargo.toml -p bench-gateway --target-dir "$target/bench"
"$target/bench/release/bench-gateway" run "$target/release/figway" "$@"
