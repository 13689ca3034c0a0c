#!/bin/sh
# Apache Kafka, one node in KRaft mode on loopback, for the contract suite.
#
#   kafka.sh DIRECTORY start     fetch Kafka if need be, start it, print the bootstrap address when it answers
#   kafka.sh DIRECTORY stop      stop it
#   kafka.sh DIRECTORY kill      stop it as a crash does (SIGKILL)
#   kafka.sh DIRECTORY restart   stop and start on the same data and ports, print the bootstrap address
#
# DIRECTORY keeps the jars (fetched once with mvn from Maven Central), the data, the log, the pid file, and under secure/ the
# addresses where it is met with TLS and SASL (one `name address` per line) with the certificates for that.
# Needs: java 17, mvn, openssl. KAFKA_VERSION picks the release.
set -eu

version=${KAFKA_VERSION:-4.0.0}
directory=$1
action=$2
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
jars=$directory/libs-$version
pid_file=$directory/pid
log=$directory/kafka.log
settings=$directory/server.properties
secure=$directory/secure

fetch() {
    [ -f "$jars/.complete" ] && return
    command -v mvn >/dev/null || { echo "kafka.sh: wanted mvn to fetch Kafka, there is none" >&2; exit 1; }
    cat > "$directory/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
    mvn -q -B -f "$directory/pom.xml" dependency:copy-dependencies -DoutputDirectory="$jars" >&2
    touch "$jars/.complete"
}

# Five ports that are free now, as the kernel gives them out.
free_ports() {
    python3 - <<'PY'
import socket
held = [socket.socket() for _ in range(5)]
for one in held:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))
PY
}

# A signer, the broker's certificate, a client's, and another signer that the broker does not know. PEM, a day long.
certificates() {
    rm -rf "$secure"
    mkdir -p "$secure"
    for signer in ca stranger; do
        openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj "/CN=$signer" -keyout "$secure/$signer.key" -out "$secure/$signer.pem" 2>> "$log"
    done
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > "$secure/names"
    for name in broker client; do
        openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$secure/$name.key" -out "$secure/$name.csr" 2>> "$log"
        openssl x509 -req -days 1 -in "$secure/$name.csr" -CA "$secure/ca.pem" -CAkey "$secure/ca.key" -CAcreateserial \
            -extfile "$secure/names" -out "$secure/$name.crt" 2>> "$log"
        cat "$secure/$name.key" "$secure/$name.crt" > "$secure/$name.pem"
    done
}

configure() {
    [ -f "$settings" ] && return
    set -- $(free_ports)
    certificates
    printf 'mtls localhost:%s\nsasl_tls localhost:%s\nsasl_plain localhost:%s\n' "$3" "$4" "$5" > "$secure/addresses"
    plain='org.apache.kafka.common.security.plain.PlainLoginModule required user_figway="plain-secret";'
    scram='org.apache.kafka.common.security.scram.ScramLoginModule required;'
    bearer='org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";'
    cat > "$settings" <<SETTINGS
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$2
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2,MTLS://127.0.0.1:$3,SASLTLS://127.0.0.1:$4,SASLPLAIN://127.0.0.1:$5
advertised.listeners=PLAINTEXT://127.0.0.1:$1,MTLS://localhost:$3,SASLTLS://localhost:$4,SASLPLAIN://localhost:$5
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,MTLS:SSL,SASLTLS:SASL_SSL,SASLPLAIN:SASL_PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location=$secure/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=$secure/ca.pem
listener.name.mtls.ssl.client.auth=required
$(for listener in sasltls saslplain; do
    echo "listener.name.$listener.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"
    echo "listener.name.$listener.plain.sasl.jaas.config=$plain"
    echo "listener.name.$listener.scram-sha-256.sasl.jaas.config=$scram"
    echo "listener.name.$listener.scram-sha-512.sasl.jaas.config=$scram"
    echo "listener.name.$listener.oauthbearer.sasl.jaas.config=$bearer"
    echo "listener.name.$listener.oauthbearer.connections.max.reauth.ms=3600000"
done)
log.dirs=$directory/data
num.partitions=1
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
group.initial.rebalance.delay.ms=0
log.retention.check.interval.ms=500
log.cleaner.backoff.ms=500
log.segment.delete.delay.ms=1000
log.initial.task.delay.ms=500
controlled.shutdown.enable=false
SETTINGS
    java -cp "$jars/*" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qg -c "$settings" \
        --add-scram 'SCRAM-SHA-256=[name=figway,password=scram-secret]' \
        --add-scram 'SCRAM-SHA-512=[name=figway,password=scram-secret]' >> "$log" 2>&1
}

bootstrap() {
    sed -n 's/^advertised.listeners=PLAINTEXT:\/\/\([^,]*\).*/\1/p' "$settings"
}

running() {
    [ -f "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null
}

# A socket that answers ApiVersions (key 18, version 0).
answers() {
    python3 - "$(bootstrap)" <<'PY'
import socket, struct, sys
host, port = sys.argv[1].split(":")
try:
    with socket.create_connection((host, int(port)), 2) as s:
        s.settimeout(5)
        s.sendall(struct.pack(">ihhih", 10, 18, 0, 1, -1))
        sys.exit(0 if len(s.recv(8)) == 8 else 1)
except OSError:
    sys.exit(1)
PY
}

start() {
    fetch
    configure
    if ! running; then
        java -Xmx512m -cp "$jars/*" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
            kafka.Kafka "$settings" >> "$log" 2>&1 &
        echo $! > "$pid_file"
    fi
    tries=0
    until answers; do
        tries=$((tries + 1))
        if ! running || [ "$tries" -gt 120 ]; then
            echo "kafka.sh: Kafka did not start; the end of $log:" >&2
            tail -n 20 "$log" >&2
            exit 1
        fi
        sleep 0.5
    done
    bootstrap
}

stop() {
    running || return 0
    pid=$(cat "$pid_file")
    kill "$pid"
    tries=0
    while kill -0 "$pid" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -gt 120 ] && kill -9 "$pid"
        sleep 0.25
    done
    rm -f "$pid_file"
}

crash() {
    running || return 0
    pid=$(cat "$pid_file")
    kill -9 "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    rm -f "$pid_file"
}

case $action in
    start) start ;;
    stop) stop ;;
    kill) crash ;;
    restart) stop; start ;;
    *) echo "kafka.sh: wanted start, stop, kill or restart, got $action" >&2; exit 2 ;;
esac
