# Stands in for chrislusf/seaweedfs:4.48 where no registry is reached: the same version, of the wheel
# that `up` starts.
# Context: a folder that holds `weed`.
FROM python:3.11-slim-bookworm
COPY --chmod=755 weed /usr/bin/weed
VOLUME /data
ENTRYPOINT ["weed"]
