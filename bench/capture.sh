#!/usr/bin/env bash
# Capture of 1,000,000 records of 300 bytes beside librdkafka's plain idempotent producer, in one run.
#
#   bench/capture.sh [RECORDS] [BOOTSTRAP]
#
# Without BOOTSTRAP an embedded broker is started as a process of its own, on disk. Prints rates, their ratio's two sides and the
# worker's peak memory; fails only if that is over 300 MB. Builds in release.
set -euo pipefail
cd "$(dirname "$0")/.."
records=${1:-1000000}
cargo build -q --release -p figway
cargo build -q --release -p tests --example capture_rate
target=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
broker=
finish() { [ -z "$broker" ] || kill "$broker" 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT
bootstrap=${2:-}
if [ -z "$bootstrap" ]; then
  "$target/figway" broker --listen 127.0.0.1:0 --dir "$work/topics" > "$work/broker.log" 2>&1 &
  broker=$!
  for _ in $(seq 100); do
    bootstrap=$(sed -n 's/^broker listens at \([0-9.:]*\);.*/\1/p' "$work/broker.log")
    [ -z "$bootstrap" ] || break
    sleep 0.1
  done
  [ -n "$bootstrap" ] || { cat "$work/broker.log" >&2; exit 1; }
fi
"$target/examples/capture_rate" "$bootstrap" "$records" | tee "$work/out"
awk '/memory at most/ { for (i = 1; i <= NF; i++) if ($i == "most" && $(i + 1) > peak) peak = $(i + 1) }
     END { if (peak == "") { print "no figure for memory"; exit 1 }
           if (peak > 300) { print "peak memory " peak " MB is over 300 MB"; exit 1 } }' "$work/out"
