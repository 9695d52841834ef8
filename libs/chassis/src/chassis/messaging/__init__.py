"""RabbitMQ: the relay that empties the outbox, the consumers that fill the inbox, their retries."""
