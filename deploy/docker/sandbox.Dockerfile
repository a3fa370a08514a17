# What an execution finds inside its sandbox: shells, coreutils, Python, Node.
#
# The runner is not in here: the executor brings it in a read-only volume, so
# any image with a shell will do. deploy/sandbox-image.sh builds this one.
ARG BASE=debian:12-slim
FROM ${BASE}

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      bash ca-certificates coreutils curl git jq nodejs npm procps python3 \
      python3-pip python3-venv \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf \
      /var/log/apt /var/log/dpkg.log /usr/share/doc /usr/share/man \
      /usr/share/info /usr/share/locale

USER 65534:65534
WORKDIR /workspace
CMD ["/bin/sh"]
