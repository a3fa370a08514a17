#!/bin/bash
# Makes the sandbox image, unless it is there and of this recipe.
#
#   deploy/sandbox-image.sh [--force] [--base-only]
#
# The base is pulled (AIRLOCK_BASE, by default debian:12-slim) or, where no
# image registry answers, made here with debootstrap. --base-only stops after
# that and leaves it tagged airlock/base:12 (tests build the services on it).
set -euo pipefail
. "$(dirname "$0")/lib.sh"

IMAGE=${AIRLOCK_SANDBOX_IMAGE:-airlock/sandbox:latest}
BASE=${AIRLOCK_BASE:-debian:12-slim}
LOCAL_BASE=airlock/base:12
# Empty: the one debootstrap has by default.
MIRROR=${AIRLOCK_DEBIAN_MIRROR:-}
RECIPE=$AIRLOCK_ROOT/deploy/docker/sandbox.Dockerfile
LABEL=airlock.recipe
PULL_TIMEOUT=${AIRLOCK_PULL_TIMEOUT:-60}

force=
base_only=
for argument in "$@"; do
  case $argument in
    --force) force=1 ;;
    --base-only) base_only=1 ;;
    *) die "usage: $0 [--force] [--base-only]" ;;
  esac
done

image_label() {
  "$DOCKER" image inspect --format "{{index .Config.Labels \"$LABEL\"}}" "$1" \
    2>/dev/null || true
}

have_image() { "$DOCKER" image inspect "$1" >/dev/null 2>&1; }

# A minimal Debian 12 from its packages, as an image.
make_local_base() {
  command -v debootstrap >/dev/null ||
    die "debootstrap is missing: run deploy/setup.sh --engine"
  local tree
  tree=$(mktemp -d "${TMPDIR:-/tmp}/airlock-base.XXXXXX")
  # shellcheck disable=SC2064  # the path as it is now
  trap "as_root rm -rf --one-file-system '$tree'" EXIT
  mkdir -p "$AIRLOCK_CACHE/debs"
  say "making a Debian 12 base with debootstrap (one or two minutes)"
  quietly "$AIRLOCK_CACHE/debootstrap.log" as_root debootstrap \
    --variant=minbase --include=ca-certificates \
    --cache-dir="$AIRLOCK_CACHE/debs" bookworm "$tree/rootfs" ${MIRROR:+"$MIRROR"}
  # debootstrap names only the release; its updates come from the same place.
  local sources=$tree/rootfs/etc/apt/sources.list updates
  updates=$(sed 's/ bookworm / bookworm-updates /' "$sources")
  echo "$updates" | as_root tee -a "$sources" >/dev/null
  # What a slim image leaves out as well.
  as_root rm -rf "$tree"/rootfs/var/cache/apt/archives/*.deb \
    "$tree"/rootfs/var/lib/apt/lists/* "$tree"/rootfs/usr/share/doc/* \
    "$tree"/rootfs/usr/share/man/* "$tree"/rootfs/usr/share/locale/* \
    "$tree"/rootfs/var/log/*.log "$tree"/rootfs/dev/*
  say "importing it as $LOCAL_BASE"
  as_root tar -C "$tree/rootfs" --numeric-owner -c . |
    "$DOCKER" import --change 'CMD ["/bin/sh"]' \
      --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
      - "$LOCAL_BASE" >/dev/null
}

# Leaves an image tagged $LOCAL_BASE.
make_base() {
  have_image "$LOCAL_BASE" && return
  say "pulling $BASE"
  if have_image "$BASE" ||
    timeout "$PULL_TIMEOUT" "$DOCKER" pull -q "$BASE" >/dev/null 2>&1; then
    "$DOCKER" tag "$BASE" "$LOCAL_BASE"
    return
  fi
  say "no registry gave $BASE"
  make_local_base
}

if [ -n "$base_only" ]; then
  make_base
  exit
fi

recipe=$(sha256sum "$RECIPE" | cut -c1-16)
if [ -z "$force" ] && [ "$(image_label "$IMAGE")" = "$recipe" ]; then
  say "sandbox image $IMAGE is there"
  exit
fi
make_base
say "building $IMAGE (one or two minutes)"
# The host's network: its name servers and proxies are the ones that work.
quietly "$AIRLOCK_CACHE/sandbox-image.log" "$DOCKER" build --network host \
  --build-arg BASE="$LOCAL_BASE" --label "$LABEL=$recipe" \
  --label org.opencontainers.image.title="Airlock sandbox" \
  -t "$IMAGE" -f "$RECIPE" "$AIRLOCK_ROOT/deploy/docker"
say "sandbox image $IMAGE is ready"
