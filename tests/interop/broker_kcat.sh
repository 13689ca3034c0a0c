#!/bin/sh
# kcat against the embedded broker: broker_kcat.sh BOOTSTRAP. The exit code is what counts.
set -eu
bootstrap=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "kcat: $1" >&2; exit 1; }

kcat -b "$bootstrap" -L > "$work/metadata" || fail "cannot list"
grep -q ' 1 brokers:' "$work/metadata" || fail "wanted 1 broker, got $(cat "$work/metadata")"

topic=kcat
# kcat cannot create topics; python or the tools of Kafka can, and any client here may be first.
python=${FIGWAY_PYTHON:-python3}
"$python" - "$bootstrap" "$topic" <<'PY'
import sys
from confluent_kafka.admin import AdminClient, NewTopic
admin = AdminClient({"bootstrap.servers": sys.argv[1]})
for future in admin.create_topics([NewTopic(sys.argv[2], 1, 1)]).values():
    future.result(60)
PY

for codec in none gzip snappy lz4 zstd; do
    printf 'key-%s:value-%s\n' "$codec" "$codec" | kcat -b "$bootstrap" -P -t "$topic" -K: -z "$codec" -H "codec=$codec" ||
        fail "cannot produce with $codec"
done
printf 'gone:\n' | kcat -b "$bootstrap" -P -t "$topic" -K: -Z || fail "cannot produce a tombstone"

kcat -b "$bootstrap" -C -t "$topic" -e -q -o beginning -f '%o %k=%s %h %S\n' > "$work/read" || fail "cannot consume"
cat > "$work/wanted" <<'WANTED'
0 key-none=value-none codec=none 10
1 key-gzip=value-gzip codec=gzip 10
2 key-snappy=value-snappy codec=snappy 12
3 key-lz4=value-lz4 codec=lz4 9
4 key-zstd=value-zstd codec=zstd 10
5 gone=  -1
WANTED
diff "$work/wanted" "$work/read" || fail "the records read are not those sent"

kcat -b "$bootstrap" -L -t "$topic" | grep -q 'topic "kcat" with 1 partitions' || fail "the topic is not listed"
kcat -b "$bootstrap" -Q -t "$topic:0:-1" | grep -q 'offset 6' || fail "the end is not 6"
# A balanced consumer: joins a group, reads all, leaves.
timeout 60 kcat -b "$bootstrap" -G kcat-group -X auto.offset.reset=earliest -e -q "$topic" > "$work/group" 2>/dev/null || fail "cannot consume in a group"
[ "$(wc -l < "$work/group")" -eq 6 ] || fail "the group read $(wc -l < "$work/group") records, wanted 6"
echo ok
