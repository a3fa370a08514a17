#!/bin/bash
# Installs the Debian 12 packages Airlock needs. Quick when all are there.
#
#   deploy/setup.sh [--build] [--engine] [--tests]     default: all three
set -euo pipefail
. "$(dirname "$0")/lib.sh"

BUILD=(g++ cmake ninja-build ccache pkg-config git ca-certificates
  libgrpc++-dev libgrpc-dev libprotobuf-dev protobuf-compiler
  protobuf-compiler-grpc libabsl-dev prometheus-cpp-dev libssl-dev
  libcurl4-openssl-dev libsqlite3-dev nlohmann-json3-dev libcli11-dev
  libre2-dev libboost-dev nanopb libnanopb-dev libssh2-1-dev libseccomp-dev
  libgtest-dev libgmock-dev)
# For the runner of an SSH host such as a Raspberry Pi, whose own builds need
# no second compiler.
[ "$(uname -m)" != x86_64 ] || BUILD+=(g++-aarch64-linux-gnu)
# What starts a Docker engine, builds the sandbox image and talks to services.
ENGINE=(docker.io iptables debootstrap ca-certificates curl openssl procps)
TESTS=(docker-compose prometheus clang-14 clang-tidy clang-format
  libclang-rt-14-dev jq curl openssl python3 python3-yaml procps chromium
  fonts-dejavu-core openssh-client openssh-server qemu-user)

groups=()
for argument in "$@"; do
  case $argument in
    --build | --engine | --tests) groups+=("${argument#--}") ;;
    *) die "usage: $0 [--build] [--engine] [--tests]" ;;
  esac
done
[ ${#groups[@]} -gt 0 ] || groups=(build engine tests)

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
want() {
  local package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
}

for group in "${groups[@]}"; do
  case $group in
    build) want "${BUILD[@]}" ;;
    engine)
      # An engine from elsewhere (Docker's own packages) does as well.
      if command -v dockerd >/dev/null || [ -S /var/run/docker.sock ]; then
        want debootstrap ca-certificates curl openssl procps
      else
        want "${ENGINE[@]}"
      fi
      ;;
    tests)
      want "${TESTS[@]}"
      # Node may come from elsewhere, with its npm inside.
      command -v npm >/dev/null || want nodejs npm
      ;;
  esac
done

if [ ${#missing[@]} -eq 0 ]; then
  say "packages (${groups[*]}): all there"
  exit
fi
command -v apt-get >/dev/null ||
  die "these packages are missing, and there is no apt-get: ${missing[*]}"
say "installing ${#missing[@]} packages: ${missing[*]}"
log=$AIRLOCK_CACHE/setup.log
# Another apt-get may be at work: wait for its lock instead of failing.
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300
  -o Acquire::Retries=3)
quietly "$log" as_root "${apt[@]}" update
quietly "$log" as_root "${apt[@]}" install -y --no-install-recommends \
  "${missing[@]}"
say "packages (${groups[*]}): installed"
