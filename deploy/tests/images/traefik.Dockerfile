# Stands in for traefik:v3.7 where no registry is reached: the same version, of the wheel that `up`
# starts.
# Context: a folder that holds `traefik`.
FROM python:3.11-slim-bookworm
COPY --chmod=755 traefik /usr/local/bin/traefik
ENTRYPOINT ["traefik"]
