#!/bin/sh
# Confluent's converters and registry client in Java against the registry for development:
# registry_java.sh JARS REGISTRY BOOTSTRAP, where JARS is what confluent.sh has fetched. The exit code is what counts.
set -eu
jars=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
javac -cp "$jars/*" -d "$work" "$here/RegistryClients.java"
java -cp "$work:$jars/*" RegistryClients "$2" "$3"
