#!/usr/bin/env bash
# What a view costs: five million rows of 300 bytes filled, read at random and opened after a kill, beside reads of the bare file and of a
# map in memory; and reads of them through HTTP beside an answer of the gateway's own. In one run, in release; takes minutes and 5 GB of disk.
#
#   bench/views.sh [ROWS]
#
# Figures are the best of five rounds and of processor time; they are printed and not judged, because other work on the machine changes them.
set -euo pipefail
cd "$(dirname "$0")/.."
export FIGWAY_VIEW_ROWS=${1:-5000000} FIGWAY_VIEW_FOLDER
FIGWAY_VIEW_FOLDER=$(mktemp -d "${TMPDIR:-/var/tmp}/figway-view.XXXXXX")
trap 'rm -rf "$FIGWAY_VIEW_FOLDER"' EXIT
for what in store http_of_all http; do
  cargo test -q --release -p gateway --lib -- --ignored --exact --nocapture "backend::view::measure::$what"
done
