# The three services, the runner and the command line, in one image.
#
# Target "services" compiles them from a checkout (the build context); target
# "prebuilt" takes them from bin/ in the context, built on the same Debian
# before. The classic builder makes every stage up to the target, so what
# compiles comes last, and "prebuilt" must not fail where there is no bin/.
ARG BASE=debian:12-slim
FROM ${BASE} AS runtime
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates libabsl20220623 libatomic1 libcurl4 libgrpc++1.51 libgrpc29 \
      libprometheus-cpp-core1.0 libprometheus-cpp-pull1.0 libprotobuf32 \
      libre2-9 libsqlite3-0 libssh2-1 libssl3 \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
# New named volumes take the owner of the folder they are mounted on.
RUN groupadd --gid 10001 airlock \
 && useradd --uid 10001 --gid airlock --no-create-home --shell /usr/sbin/nologin airlock \
 && mkdir -p /etc/airlock /var/lib/airlock/authority /var/lib/airlock/gateway \
      /var/lib/airlock/policy /var/lib/airlock/executor /var/lib/airlock/agent \
      /var/lib/airlock/state \
 && chown -R airlock:airlock /var/lib/airlock \
 && chmod -R go= /var/lib/airlock/*
COPY deploy/docker/compose-init.sh /usr/local/bin/airlock-compose-init
USER 10001:10001
ENV PATH=/usr/local/bin:/usr/bin:/bin
CMD ["airlock", "--help"]

FROM runtime AS prebuilt
# A pattern that matches nothing is no error beside a file that is there.
COPY deploy/docker/compose-init.sh bin* /usr/local/bin/

FROM ${BASE} AS build
WORKDIR /src
COPY deploy/lib.sh deploy/setup.sh deploy/
RUN AIRLOCK_CACHE=/tmp/setup deploy/setup.sh --build \
 && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake -G Ninja -S . -B /build -DBUILD_TESTING=OFF && ninja -C /build

FROM runtime AS services
COPY --from=build /build/bin/ /usr/local/bin/
