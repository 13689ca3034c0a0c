#!/usr/bin/env bash
# CPU of a request through a plain legacy route beside a bare hyper proxy, and the gateway's memory, in one run.
#
#   bench/gateway.sh [REQUESTS]
#
# REQUESTS (100000) are those of one round. Fails only if memory grows over 100,000 requests. Builds in release.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
cargo build -q --release -p figway
cargo build -q --release --manifest-path bench/Cargo.toml --target-dir "$target/bench"
"$target/bench/release/bench-gateway" run "$target/release/figway" "${1:-100000}"
