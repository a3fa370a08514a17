#!/bin/bash
# Sees to it that a Docker engine answers.
#
#   deploy/engine.sh           starts one if none answers
#   deploy/engine.sh stop      stops the one this script started, no other
#
# An engine that answers is left as it is. Else systemd starts one, if it runs
# here; else dockerd is started in the background, logging to a file.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

LOG=$AIRLOCK_CACHE/dockerd.log
PID_FILE=$AIRLOCK_CACHE/dockerd.pid
WAIT_SECONDS=60

answers() { timeout 5 "$DOCKER" version >/dev/null 2>&1; }

wait_until_it_answers() {
  local deadline=$((SECONDS + WAIT_SECONDS))
  until answers; do
    if [ $SECONDS -ge $deadline ]; then
      [ -f "$LOG" ] && tail -n 20 "$LOG" >&2
      die "the Docker engine did not answer within $WAIT_SECONDS s; its log: $LOG"
    fi
    sleep 0.3
  done
}

start() {
  [ -x "$DOCKER" ] || die "$DOCKER is missing: run deploy/setup.sh --engine"
  if answers; then
    say "Docker engine answers ($("$DOCKER" version --format '{{.Server.Version}}'))"
    return
  fi
  if [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ] &&
    pgrep -x dockerd >/dev/null; then
    die "an engine runs, but $(id -un) may not use it: add the user to the group docker, or be root"
  fi
  mkdir -p "$AIRLOCK_CACHE"
  if [ -d /run/systemd/system ]; then
    say "starting the Docker engine with systemd"
    as_root systemctl start docker
    wait_until_it_answers
  else
    say "starting dockerd (log: $LOG)"
    # shellcheck disable=SC2024  # the log belongs to whoever runs this
    as_root setsid dockerd >"$LOG" 2>&1 </dev/null &
    wait_until_it_answers
    local pid
    pid=$(pgrep -x -n dockerd) || die "dockerd answers but is not found"
    remember_process "$PID_FILE" "$pid"
  fi
  say "Docker engine answers ($("$DOCKER" version --format '{{.Server.Version}}'))"
}

stop() {
  local pid
  pid=$(remembered_process "$PID_FILE") || return 0
  say "stopping dockerd ($pid)"
  stop_remembered "$PID_FILE" "$WAIT_SECONDS" as_root
}

case ${1:-start} in
  start) start ;;
  stop) stop ;;
  *) die "usage: $0 [start|stop]" ;;
esac
