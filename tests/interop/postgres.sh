#!/bin/sh
# PostgreSQL, one server on loopback with an empty database, for the example service with a database of its own.
#
#   postgres.sh DIRECTORY start     make a new cluster, start it, print the URL of its database when it answers
#   postgres.sh DIRECTORY stop      stop it
#
# Needs Debian's postgresql. The server does not run as root: started by root, it runs as the user postgres.
set -eu

mkdir -p "$1"
directory=$(cd "$1" && pwd)
action=$2
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "postgres.sh: wanted /usr/lib/postgresql, it is not there" >&2; exit 1; }

server() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

start() {
    rm -rf "$directory/data" "$directory/port"
    mkdir -p "$directory/data"
    chmod 711 "$directory"
    [ "$(id -u)" != 0 ] || chown postgres "$directory/data"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    echo "$port" > "$directory/port"
    server "$bin/initdb" -D "$directory/data/db" -U figway -A trust >/dev/null
    server "$bin/pg_ctl" -D "$directory/data/db" -l "$directory/data/log" -w -t 60 \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off" start >/dev/null || {
        echo "postgres.sh: PostgreSQL did not start; the end of its log:" >&2
        tail -n 20 "$directory/data/log" >&2
        exit 1
    }
    "$bin/createdb" -h 127.0.0.1 -p "$port" -U figway stock
    echo "postgres://figway@127.0.0.1:$port/stock"
}

stop() {
    [ -d "$directory/data/db" ] || return 0
    server "$bin/pg_ctl" -D "$directory/data/db" -m fast -w stop >/dev/null 2>&1 || true
}

case $action in
    start) start ;;
    stop) stop ;;
    *) echo "postgres.sh: wanted start or stop, got $action" >&2; exit 2 ;;
esac
