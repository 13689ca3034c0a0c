#!/usr/bin/env bash
# MB of records that a CPU-second turns into JSON, Avro and back, beside a plain table translate, in one run.
#
#   bench/parsers.sh
#
# Builds in release. Prints figures and judges none: other work on the machine changes them.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
cargo build -q --release --manifest-path bench/Cargo.toml -p bench-parsers --target-dir "$target/bench"
"$target/bench/release/bench-parsers"
