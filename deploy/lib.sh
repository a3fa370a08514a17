# Shell functions shared by the scripts of this folder. Source it; it runs
# nothing.

# The checkout these scripts belong to.
AIRLOCK_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The Debian or vendor client, never a wrapper from somebody's PATH.
DOCKER=${AIRLOCK_DOCKER:-/usr/bin/docker}

# Where what is expensive to make is kept between checkouts.
AIRLOCK_CACHE=${AIRLOCK_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/airlock}

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# When a process began, in clock ticks since the machine did; nothing if it is
# no more. With its id this names one process for good: ids are used again.
start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# Remembers a process in a file, to be asked for and stopped later.
#   remember_process FILE PID
remember_process() { echo "$2 $(start_time "$2")" >"$1"; }

# Prints the id of the remembered process if it still runs; else fails.
#   remembered_process FILE
remembered_process() {
  local pid began
  read -r pid began 2>/dev/null <"$1" || return 1
  [ "$(start_time "$pid")" = "$began" ] && [ -n "$began" ] && echo "$pid"
}

# Asks the remembered process to end and waits until it did.
#   stop_remembered FILE SECONDS [command to send with, such as as_root]
stop_remembered() {
  local file=$1 seconds=$2 pid
  shift 2
  if pid=$(remembered_process "$file"); then
    "$@" kill "$pid"
    local deadline=$((SECONDS + seconds))
    while remembered_process "$file" >/dev/null; do
      [ $SECONDS -lt $deadline ] || die "process $pid did not end in $seconds s"
      sleep 0.1
    done
  fi
  rm -f "$file"
}

# Runs a command as root: as it is, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "this needs root, and there is no sudo: $*"
  fi
}

# Runs a command with its output in a log file; shows the end of it on failure.
#   quietly LOG COMMAND...
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    die "failed: $* (all of its output: $log)"
  fi
}

# Configures a build tree. Quick when nothing changed.
#   configure_tree DIR [cmake options]
configure_tree() {
  local dir=$1
  shift
  mkdir -p "$dir"
  quietly "$dir/configure.log" cmake -G Ninja -S "$AIRLOCK_ROOT" -B "$dir" "$@"
}

# Builds, telling how far it is: on a terminal as ninja does it, elsewhere
# some twenty lines and whatever the compiler says.
#   build_tree DIR [targets]
build_tree() {
  local dir=$1
  shift
  if [ -t 1 ]; then
    ninja -C "$dir" "$@"
    return
  fi
  NINJA_STATUS="[%f/%t %es] " ninja -C "$dir" "$@" | awk '
    /^\[[0-9]+\/[0-9]+ / {
      split(substr($1, 2), step, "/")
      every = int(step[2] / 20) + 1
      if (step[1] % every == 0 || step[1] == step[2]) print
      fflush()
      next
    }
    /^ninja: (Entering|no work)/ { next }
    { print; fflush() }'
  return "${PIPESTATUS[0]}"
}
