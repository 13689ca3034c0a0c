#!/bin/sh
# Clients of Apache Kafka in Java against the embedded broker: broker_java.sh BOOTSTRAP DIRECTORY, where
# DIRECTORY is the one kafka.sh has put the jars into. The exit code is what counts.
set -eu
bootstrap=$1
jars=$2/libs-${KAFKA_VERSION:-4.0.0}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
javac -cp "$jars/*" -d "$work" "$here/BrokerClients.java"
java -cp "$work:$jars/*" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn BrokerClients "$bootstrap"
