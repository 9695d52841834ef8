#!/bin/sh
set -eu
if [ "$(id -u)" = 0 ]; then
    chown -R rabbitmq:rabbitmq /var/lib/rabbitmq /etc/rabbitmq
    exec setpriv --reuid rabbitmq --regid rabbitmq --clear-groups "$0" "$@"
fi
printf 'default_user = %s\ndefault_pass = %s\nloopback_users = none\n' \
    "$RABBITMQ_DEFAULT_USER" "$RABBITMQ_DEFAULT_PASS" >/etc/rabbitmq/conf.d/10-defaults.conf
export RABBITMQ_DEFAULT_USER= RABBITMQ_DEFAULT_PASS=
exec "$@"
