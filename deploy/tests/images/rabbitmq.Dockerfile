# Stands in for rabbitmq:4.1-management where no registry is reached: RabbitMQ 4.0 and Erlang 27 of
# Debian 13, as `up` unpacks them. They only run in the place they were unpacked for.
# Context: this folder with `rabbitmq-4`; PLACE is where it was.
FROM python:3.11-slim-bookworm
ARG PLACE
COPY rabbitmq-4 ${PLACE}
COPY --chmod=755 rabbitmq-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN useradd --system --home-dir /var/lib/rabbitmq --create-home rabbitmq \
    && mkdir -p /etc/rabbitmq/conf.d \
    && echo '[rabbitmq_management].' >/etc/rabbitmq/enabled_plugins \
    && chown -R rabbitmq /etc/rabbitmq
ENV PATH=${PLACE}/home/sbin:${PLACE}/usr/lib/erlang/bin:$PATH HOME=/var/lib/rabbitmq \
    RABBITMQ_CONFIG_FILES=/etc/rabbitmq/conf.d \
    RABBITMQ_ENABLED_PLUGINS_FILE=/etc/rabbitmq/enabled_plugins \
    RABBITMQ_MNESIA_BASE=/var/lib/rabbitmq RABBITMQ_LOGS=- RABBITMQ_SASL_LOGS=-
VOLUME /var/lib/rabbitmq
EXPOSE 5672 15672
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["rabbitmq-server"]
