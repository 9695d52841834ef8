# Stands in for python:3.11-slim-bookworm where no registry is reached: Debian 12 with its own Python
# 3.11 and pip, as debootstrap makes it, with wget, which SeaweedFS's health check asks with.
# Context: a folder that holds `certificates`, the authorities that this machine trusts.
FROM holdfast/debian:12
COPY certificates /etc/ssl/certs/ca-certificates.crt
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
RUN ln -s python3 /usr/bin/python && rm /usr/lib/python3.11/EXTERNALLY-MANAGED
CMD ["python3"]
