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
# The process this script started: its id, and when it began, so that another
# process that later has the same id is left alone.
PID_FILE=$AIRLOCK_CACHE/dockerd.pid
WAIT_SECONDS=60

answers() { timeout 5 "$DOCKER" version >/dev/null 2>&1; }

start_time() { cut -d' ' -f22 "/proc/$1/stat" 2>/dev/null; }

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
    echo "$pid $(start_time "$pid")" >"$PID_FILE"
  fi
  say "Docker engine answers ($("$DOCKER" version --format '{{.Server.Version}}'))"
}

stop() {
  [ -f "$PID_FILE" ] || return 0
  local pid began
  read -r pid began <"$PID_FILE"
  rm -f "$PID_FILE"
  [ "$(start_time "$pid")" = "$began" ] || return 0
  say "stopping dockerd ($pid)"
  as_root kill "$pid"
  local deadline=$((SECONDS + WAIT_SECONDS))
  while [ "$(start_time "$pid")" = "$began" ] && [ $SECONDS -lt $deadline ]; do
    sleep 0.2
  done
}

case ${1:-start} in
  start) start ;;
  stop) stop ;;
  *) die "usage: $0 [start|stop]" ;;
esac
