#!/bin/bash
# From a fresh Debian 12 machine to code running in a sandbox.
#
#   deploy/quickstart.sh           set up, build, start Airlock, run two things
#   deploy/quickstart.sh stop      stop what it started
#
# Safe to run again: what is there is used, and a running Airlock is kept
# unless its program was built anew. AIRLOCK_STATE is where certificates,
# tokens and the configuration are kept (default ~/.local/share/airlock).
set -euo pipefail
. "$(dirname "$0")/lib.sh"

BUILD=${AIRLOCK_BUILD:-$AIRLOCK_ROOT/build}
AIRLOCK=$BUILD/bin/airlock
export AIRLOCK_STATE=${AIRLOCK_STATE:-${XDG_DATA_HOME:-${HOME:-/root}/.local/share}/airlock}
LOG=$AIRLOCK_CACHE/up.log
PID_FILE=$AIRLOCK_CACHE/up.pid
READY_SECONDS=60
STOP_SECONDS=90
PROGRAMS=(airlock airlock-gateway airlock-policy airlock-executor airlock-runner)

stop() {
  local pid
  if pid=$(remembered_process "$PID_FILE"); then
    say "stopping Airlock ($pid)"
    stop_remembered "$PID_FILE" "$STOP_SECONDS"
  fi
  "$AIRLOCK_ROOT/deploy/engine.sh" stop
}

# Is the running Airlock the program that is built now?
runs_this_build() {
  [ "$(readlink "/proc/$1/exe")" = "$(readlink -f "$AIRLOCK")" ]
}

start() {
  local pid
  if pid=$(remembered_process "$PID_FILE"); then
    if runs_this_build "$pid"; then
      say "Airlock is running ($pid)"
      return
    fi
    say "Airlock was built anew: restarting it"
    stop_remembered "$PID_FILE" "$STOP_SECONDS"
  fi
  say "starting Airlock (log: $LOG)"
  mkdir -p "$AIRLOCK_CACHE"
  # Its standard output says when it is ready and, at first use, has the
  # approver's token, which is nobody else's; the log goes to standard error.
  rm -f "$LOG.out"
  (umask 077 && : >"$LOG.out")
  setsid "$AIRLOCK" up >"$LOG.out" 2>"$LOG" </dev/null &
  pid=$!
  remember_process "$PID_FILE" "$pid"
  local deadline=$((SECONDS + READY_SECONDS))
  until grep -qx ready "$LOG.out"; do
    if ! remembered_process "$PID_FILE" >/dev/null; then
      cat "$LOG.out" "$LOG" >&2
      die "Airlock ended; is another one running on this machine?"
    fi
    if [ $SECONDS -ge $deadline ]; then
      tail -n 20 "$LOG.out" "$LOG" >&2
      die "Airlock was not ready within $READY_SECONDS s; it still runs as $pid"
    fi
    sleep 0.1
  done
  sed 's/^/          /' "$LOG.out"
  # Shown once, kept nowhere: who answers approvals keeps it.
  sed -i '/^approverToken /d' "$LOG.out"
}

# Shows a command as one would type it, then runs it.
show() {
  printf '\n$ %s\n' "$1"
  shift
  "$@"
}

run_the_main_job() {
  show 'airlock run -- echo "Hello from sandbox"' \
    "$AIRLOCK" run -- echo "Hello from sandbox"
  local program
  program=$(cat <<'PROGRAM'
import os, platform
print("Python", platform.python_version(), "as user", os.getuid())
print("sum of the first 100 squares:", sum(n * n for n in range(1, 101)))
PROGRAM
  )
  show "airlock run --lang python -- '$program'" \
    "$AIRLOCK" run --lang python -- "$program"
}

show_metrics() {
  local url
  url=$(awk '$1 == "executorMetrics" { print $2 }' "$LOG.out")
  printf '\n$ curl -s %s | grep ...\n' "$url"
  curl -sS --max-time 5 "$url" | grep -E \
    '^airlock_executor_(executions_total|slots|running|sandbox_create_seconds_(sum|count)|links_connected)'
}

how_to_go_on() {
  cat <<TEXT

Airlock runs as process $(remembered_process "$PID_FILE"). To go on:

  PATH=$BUILD/bin:\$PATH
  export AIRLOCK_STATE=$AIRLOCK_STATE
  airlock run --timeout 5s --lang python -- 'print(6 * 7)'
  airlock executions ls
  airlock policy explain -- rm -rf /
  airlock config check $AIRLOCK_STATE/airlock.json     # after editing; then stop and start
  tail -f $LOG

  $AIRLOCK_ROOT/deploy/quickstart.sh stop
TEXT
}

case ${1:-} in
  stop)
    stop
    exit
    ;;
  '') ;;
  *) die "usage: $0 [stop]" ;;
esac

cd "$AIRLOCK_ROOT"
began=$SECONDS
deploy/setup.sh --build --engine
deploy/engine.sh
deploy/sandbox-image.sh
say "building (several minutes the first time)"
configure_tree "$BUILD"
build_tree "$BUILD" "${PROGRAMS[@]}"
start
run_the_main_job
show_metrics
how_to_go_on
say "done in $((SECONDS - began)) s"
