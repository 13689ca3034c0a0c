#!/usr/bin/env bash
# How long a request takes through gateway, Kafka, service and back, beside a plain record from producer to consumer, in one run, in turn.
#
#   bench/requests.sh [ROUNDS] [BOOTSTRAP]
#
# On the embedded broker unless there is another. Builds in release. Prints figures and judges none: other work on the machine changes them.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run -q --release -p tests --example request_latency -- "$@"
