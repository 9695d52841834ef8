#!/bin/sh
set -eu
data=/var/lib/postgresql/18/docker
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$data" && chown -R postgres:postgres /var/lib/postgresql && chmod 700 "$data"
    exec setpriv --reuid postgres --regid postgres --clear-groups "$0" "$@"
fi
if [ ! -s "$data/PG_VERSION" ]; then
    printf %s "${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:-/dev/null}")}" >/tmp/password
    initdb -D "$data" -U postgres --auth=scram-sha-256 --pwfile=/tmp/password ${POSTGRES_INITDB_ARGS:-}
    rm /tmp/password
    echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
fi
exec "$@" -D "$data" -c "listen_addresses=*" -c unix_socket_directories=/tmp
