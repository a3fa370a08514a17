#!/bin/bash
# Prepares a host on which an executor with backend "ssh" makes its sandboxes.
# Run as root on that host; it needs nothing but this one file, so it may be
# copied there alone.
#
#   ssh-host.sh --user NAME --key 'ssh-ed25519 ...' | --key-file FILE
#   ssh-host.sh --user NAME --check     only tells what is enforced; 1: not all
#   ssh-host.sh --user NAME --remove    takes everything away again
#
# Makes an ordinary user who may log in with that key, run programs and copy
# files, and nothing else; gives it a control group of its own, now and at each
# start of the host; and lets it make user namespaces. Safe to run again. At the
# end it prints the configuration that goes with it, and what is enforced.
#
# Several sandbox users may share a host. The name becomes a part of file names.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C

SSHD_CONFIG_DIR=/etc/ssh/sshd_config.d
CGROUPS=/sys/fs/cgroup
# What a cell is limited with; cpuacct only counts.
CONTROLLERS=(memory pids cpu)
USER_NAMESPACES=1024

say() { printf '%s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

usage() {
  die "usage: $0 --user NAME (--key 'TYPE BASE64' | --key-file FILE |" \
    "--check | --remove)"
}

name='' key='' action=prepare
while [ $# -gt 0 ]; do
  case $1 in
    --user) name=${2-} && shift ;;
    --key) key=${2-} && shift ;;
    --key-file)
      [ -r "${2-}" ] || die "--key-file: cannot read \"${2-}\""
      key=$(cat "$2") && shift
      ;;
    --check) action=check ;;
    --remove) action=remove ;;
    *) usage ;;
  esac
  shift || usage
done
[[ $name =~ ^[a-z][a-z0-9_-]{0,30}$ ]] ||
  die "--user must be like [a-z][a-z0-9_-]*, at most 31 characters: got \"$name\""
[ "$(id -u)" -eq 0 ] || die "run this as root"

GROUP=airlock-$name
SSHD_FILE=$SSHD_CONFIG_DIR/airlock-$name.conf
SYSCTL_FILE=/etc/sysctl.d/60-airlock-$name.conf
DELEGATE=/usr/local/sbin/airlock-delegate-$name
UNIT=airlock-delegate-$name.service
# With version 2: what a login of the user runs.
LOGIN=/usr/local/sbin/airlock-login-$name
# Says that the user is ours to remove.
MARK="Airlock sandboxes"

has_systemd() { [ -d /run/systemd/system ]; }
is_v2() { [ "$(stat -f -c %T "$CGROUPS" 2>/dev/null)" = cgroup2fs ]; }
uid_of() { id -u "$name" 2>/dev/null; }
home_of() { getent passwd "$name" | cut -d: -f6; }

# Where version 1 has a controller, alone or with others; nothing if nowhere.
hierarchy_of() {
  awk -v want="$1" '$3 == "cgroup" && ("," $4 ",") ~ ("," want ",") {
    if (!n++) print $2 }' /proc/mounts
}

# Writes a text to a file, whole or not at all.
#   put FILE MODE TEXT
put() {
  local temporary
  temporary=$(mktemp "$1.XXXXXX")
  printf '%s\n' "$3" >"$temporary"
  chmod "$2" "$temporary"
  mv "$temporary" "$1"
}

# Whether a file holds just this text.
#   holds FILE TEXT
holds() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# --- the user and its keys ---------------------------------------------------

# One plain key: options in front of it would lift what `restrict` takes away.
check_key() {
  local type rest
  key=$(printf '%s\n' "$key" | sed '/^[[:space:]]*$/d; /^#/d')
  [ -n "$key" ] || die "give the executor's public key: --key or --key-file"
  [ "$(printf '%s\n' "$key" | wc -l)" -eq 1 ] ||
    die "one public key is wanted: got several lines"
  read -r type rest <<<"$key"
  case $type in
    ssh-ed25519 | ecdsa-sha2-nistp*) ;;
    *) die "the key must be ssh-ed25519 or ecdsa, as ssh-keygen -t ed25519" \
      "makes it: got \"$type\"" ;;
  esac
  printf '%s\n' "$key" | ssh-keygen -l -f - >/dev/null 2>&1 ||
    die "this is no public key: ssh-keygen cannot read it"
}

make_user() {
  if ! uid_of >/dev/null; then
    say "making user $name"
    useradd --create-home --user-group --shell /bin/sh --comment "$MARK" "$name"
  elif [ "$(uid_of)" -eq 0 ]; then
    die "user $name is root: sandboxes need an ordinary user"
  elif [ "$(getent passwd "$name" | cut -d: -f5)" != "$MARK" ]; then
    die "user $name is somebody else's: give another name"
  fi
  # No password fits, and the account is not locked.
  usermod --password '*' --expiredate '' --shell /bin/sh "$name"
  local home
  home=$(home_of)
  chown "$name:" "$home"
  chmod 0700 "$home"
}

authorize_key() {
  local folder
  folder=$(home_of)/.ssh
  [ ! -L "$folder" ] || die "$folder is a link"
  install -d -m 0700 -o "$name" -g "$(id -gn "$name")" "$folder"
  [ ! -L "$folder/authorized_keys" ] || die "$folder/authorized_keys is a link"
  put "$folder/authorized_keys" 0600 "restrict $key"
  chown "$name:" "$folder/authorized_keys"
}

# --- sshd --------------------------------------------------------------------

sshd_settings() {
  cat <<EOF
# Made by ssh-host.sh.
Match User $name
  AuthenticationMethods publickey
  AuthorizedKeysFile .ssh/authorized_keys
  PasswordAuthentication no
  KbdInteractiveAuthentication no
  AllowAgentForwarding no
  AllowStreamLocalForwarding no
  AllowTcpForwarding no
  GatewayPorts no
  PermitTTY no
  PermitTunnel no
  PermitUserRC no
  X11Forwarding no
EOF
  if is_v2 && has_systemd; then echo "  ForceCommand $LOGIN"; fi
  # For the files that are read after this one.
  echo "Match all"
}

# What sshd will do with this user, as it reads its files now.
effective_sshd() {
  sshd -T -C "user=$name,host=localhost,addr=127.0.0.1" 2>/dev/null
}

sshd_keeps_the_rules() {
  local effective rule
  effective=$(effective_sshd) || return 1
  for rule in 'authenticationmethods publickey' 'permittty no' \
    'allowtcpforwarding no' 'allowstreamlocalforwarding no' \
    'allowagentforwarding no' 'x11forwarding no' 'permittunnel no' \
    'passwordauthentication no' 'permituserrc no'; do
    grep -qx "$rule" <<<"$effective" || return 1
  done
}

reload_sshd() {
  local unit pid
  if has_systemd; then
    for unit in ssh sshd; do
      systemctl is-active --quiet "$unit.service" || continue
      systemctl reload "$unit.service"
      return
    done
    # A socket starts a new sshd for each connection.
    return 0
  fi
  pid=$(cat /run/sshd.pid 2>/dev/null) || true
  if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = sshd ]; then
    kill -HUP "$pid"
  else
    say "sshd does not run here as far as is known: start it, or reload it"
  fi
}

configure_sshd() {
  local before='' there='' settings
  command -v sshd >/dev/null || die "there is no sshd: install openssh-server"
  mkdir -p "$SSHD_CONFIG_DIR" /run/sshd
  settings=$(sshd_settings)
  if holds "$SSHD_FILE" "$settings" && sshd_keeps_the_rules; then return; fi
  if [ -e "$SSHD_FILE" ]; then there=1 before=$(cat "$SSHD_FILE"); fi
  put "$SSHD_FILE" 0644 "$settings"
  if sshd -t && sshd_keeps_the_rules; then
    reload_sshd
    return
  fi
  if [ -n "$there" ]; then
    put "$SSHD_FILE" 0644 "$before"
  else
    rm -f "$SSHD_FILE"
  fi
  die "sshd does not take the settings, which are undone: the first line of" \
    "/etc/ssh/sshd_config must be \"Include $SSHD_CONFIG_DIR/*.conf\", and" \
    "sshd -t must find nothing"
}

# --- control groups ----------------------------------------------------------

# The program that makes the folders of version 1; they are gone at each start
# of the host.
delegate_program() {
  cat <<EOF
#!/bin/sh
# Made by ssh-host.sh: gives $name its control groups. Run at each start.
set -eu
for mount in $*; do
  folder=\$mount/$GROUP
  mkdir -p "\$folder"
  # Before Linux 5.11 children are otherwise not counted with their parent.
  [ ! -e "\$folder/memory.use_hierarchy" ] ||
    echo 1 >"\$folder/memory.use_hierarchy" 2>/dev/null || true
  # The limits of the folder itself stay root's.
  chown $name: "\$folder" "\$folder/cgroup.procs" "\$folder/tasks"
done
EOF
}

delegate_v1() {
  local mounts=() controller mount
  for controller in "${CONTROLLERS[@]}" cpuacct; do
    mount=$(hierarchy_of "$controller")
    # One mount may have several of them.
    [[ -z $mount || " ${mounts[*]} " == *" $mount "* ]] || mounts+=("$mount")
  done
  [ ${#mounts[@]} -gt 0 ] || return 0
  mkdir -p "$(dirname "$DELEGATE")"
  put "$DELEGATE" 0755 "$(delegate_program "${mounts[@]}")"
  "$DELEGATE"
  if ! has_systemd; then
    say "there is no systemd here: run $DELEGATE at each start of the host"
    return 0
  fi
  put "/etc/systemd/system/$UNIT" 0644 "[Unit]
Description=Control groups of $name
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$DELEGATE
[Install]
WantedBy=multi-user.target"
  systemctl daemon-reload
  systemctl enable --quiet "$UNIT"
}

# A login is in a group that is root's, and may not leave it by itself: the
# user's own systemd puts each command into one that is delegated.
login_program() {
  cat <<'EOF'
#!/bin/sh
# Made by ssh-host.sh: runs a command of a login in a delegated control group.
command=${SSH_ORIGINAL_COMMAND:?only commands are run}
unset SSH_ORIGINAL_COMMAND
XDG_RUNTIME_DIR=/run/user/$(id -u)
export XDG_RUNTIME_DIR
if [ -S "$XDG_RUNTIME_DIR/systemd/private" ]; then
  exec systemd-run --user --scope --quiet --collect --property=Delegate=yes \
    -- /bin/sh -c "$command"
fi
exec /bin/sh -c "$command"
EOF
}

delegate_v2() {
  has_systemd || {
    say "control groups of version 2 are delegated by systemd, which is not here"
    return 0
  }
  local uid file settings
  uid=$(uid_of)
  file=/etc/systemd/system/user@$uid.service.d/airlock.conf
  settings=$(printf '[Service]\nDelegate=cpu memory pids')
  if ! holds "$file" "$settings"; then
    mkdir -p "$(dirname "$file")"
    put "$file" 0644 "$settings"
    systemctl daemon-reload
    ! systemctl is-active --quiet "user@$uid.service" ||
      systemctl restart "user@$uid.service"
  fi
  loginctl enable-linger "$name"
  systemctl start "user@$uid.service"
  mkdir -p "$(dirname "$LOGIN")"
  put "$LOGIN" 0755 "$(login_program)"
}

# --- user namespaces ---------------------------------------------------------

# Sets a value of the kernel now and at each start, where it has it.
#   want_sysctl KEY VALUE
want_sysctl() {
  sysctl -q -w "$1=$2" >/dev/null || say "$1 cannot be set to $2 here"
  echo "$1 = $2"
}

allow_user_namespaces() {
  local lines most
  lines=$(
    if [ "$(sysctl -n kernel.unprivileged_userns_clone 2>/dev/null)" = 0 ]; then
      want_sysctl kernel.unprivileged_userns_clone 1
    fi
    most=$(sysctl -n user.max_user_namespaces 2>/dev/null || echo 0)
    if [ "$most" -lt "$USER_NAMESPACES" ]; then
      want_sysctl user.max_user_namespaces "$USER_NAMESPACES"
    fi
    if [ "$(sysctl -n kernel.apparmor_restrict_unprivileged_userns 2>/dev/null)" = 1 ]; then
      want_sysctl kernel.apparmor_restrict_unprivileged_userns 0
    fi
  )
  # What an earlier run has set is as it should be, and its file stays.
  [ -z "$lines" ] || put "$SYSCTL_FILE" 0644 \
    "$({ cat "$SYSCTL_FILE" 2>/dev/null || true; echo "$lines"; } | sort -u)"
}

# --- what is enforced --------------------------------------------------------

missing=0

# Prints a row of the table.
#   row WHAT yes|no [how it is enforced, or what would do]
row() {
  printf '  %-28s %-4s %s\n' "$1" "$2" "${3-}"
  [ "$2" = yes ] || missing=1
}

# Prints a row by whether a command succeeds.
#   row_if WHAT HOW WHAT-WOULD-DO COMMAND...
row_if() {
  local what=$1 how=$2 advice=$3
  shift 3
  if "$@" >/dev/null 2>&1; then row "$what" yes "$how"; else row "$what" no "$advice"; fi
}

as_user() {
  setpriv --reuid "$(uid_of)" --regid "$(id -g "$name")" --clear-groups \
    --no-new-privs "$@"
}

is_ordinary_user() {
  local uid
  uid=$(uid_of) && [ "$uid" -gt 0 ] && [ "$(id -G "$name" | wc -w)" -eq 1 ] &&
    [ "$(stat -c '%U %a' "$(home_of)")" = "$name 700" ]
}

keys_are_restricted() {
  local file
  file=$(home_of)/.ssh/authorized_keys
  [ -s "$file" ] && ! grep -v -e '^restrict ' -e '^#' -e '^$' "$file"
}

# All that a cell is made of, tried at once: every kind of namespace, a /proc of
# its own and a memory disk with a limit.
makes_cells() {
  # shellcheck disable=SC2016  # for the shell inside
  as_user unshare --user --map-root-user --mount --pid --ipc --uts --net \
    --cgroup --fork /bin/sh -c '
      mount -t proc proc /proc && mount -t tmpfs -o size=1m,nr_inodes=16 none /tmp'
}

# Makes a group as the user, limits it and has a process move itself there.
#   limits_v1 CONTROLLER FILE VALUE
limits_v1() {
  local folder
  folder=$(hierarchy_of "$1")/$GROUP/check-$$
  # shellcheck disable=SC2016  # for the shell inside
  as_user /bin/sh -c '
    mkdir "$1" && echo "$3" >"$1/$2" && [ "$(cat "$1/$2")" = "$3" ] &&
      sh -c '\''echo $$ >"$0/cgroup.procs"'\'' "$1"
    ended=$?
    rmdir "$1" && exit $ended' sh "$folder" "$2" "$3"
}

# The same with version 2, in a group as a login gets it.
limits_v2() {
  # shellcheck disable=SC2016  # for the shell inside
  as_user env SSH_ORIGINAL_COMMAND='
    own=/sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup)
    mkdir "$own/self" "$own/check" && echo $$ >"$own/self/cgroup.procs" &&
      echo "+'"$1"'" >"$own/cgroup.subtree_control" &&
      echo "'"$3"'" >"$own/check/'"$2"'" &&
      [ "$(cat "$own/check/'"$2"'")" = "'"$3"'" ]
    ended=$?
    rmdir "$own/check" && exit $ended' "$LOGIN"
}

# Whether the kernel has a controller switched on.
is_switched_on() {
  if is_v2; then
    grep -qw "$1" "$CGROUPS/cgroup.controllers"
  else
    [ -n "$(hierarchy_of "$1")" ]
  fi
}

has_no_swap() {
  [ "$(wc -l </proc/swaps)" -le 1 ] && return 0
  if is_v2; then
    limits_v2 memory memory.swap.max 0
  else
    [ -e "$(hierarchy_of memory)/memory.memsw.limit_in_bytes" ]
  fi
}

has_seccomp() { grep -q '^Seccomp' /proc/self/status; }

is_known_machine() { [[ $(uname -m) =~ ^(x86_64|aarch64)$ ]]; }

print_table() {
  local where="group $GROUP" advice="run this script without --check"
  local memory=(limits_v1 memory memory.limit_in_bytes 16777216)
  local pids=(limits_v1 pids pids.max 16)
  local cpu=(limits_v1 cpu cpu.cfs_quota_us 50000)
  if is_v2; then
    where="delegated by systemd"
    has_systemd || advice="control groups of version 2 need systemd"
    memory=(limits_v2 memory memory.max 16777216)
    pids=(limits_v2 pids pids.max 16)
    cpu=(limits_v2 cpu cpu.max "50000 100000")
  fi
  echo "What holds for sandboxes of user $name on this host:"
  row_if "ordinary user, own home" "" "$advice" is_ordinary_user
  row_if "key may only run and copy" "" "$advice" keys_are_restricted
  row_if "no terminal, no forwarding" "" "$advice" sshd_keeps_the_rules
  row_if "runner fits this machine" "$(uname -m)" \
    "there is a runner for x86_64 and aarch64" is_known_machine
  row_if "namespaces, disk limit" "" \
    "the kernel must let users make namespaces; in a container allow it there" \
    makes_cells
  row_if "system call filter" "" "the kernel has no seccomp" has_seccomp
  local limits=$advice
  is_switched_on memory ||
    limits="start the kernel with cgroup_enable=memory, as a Raspberry Pi needs it"
  row_if "memory limit" "$where" "$limits" "${memory[@]}"
  row_if "memory limit without swap" "" \
    "start the kernel with swapaccount=1, or use no swap" has_no_swap
  row_if "process limit" "$where" "$advice" "${pids[@]}"
  row_if "processor limit" "$where" "$advice" "${cpu[@]}"
  echo "Not isolated: with networkMode \"bridge\" a sandbox has the host's" \
    "network, loopback included."
}

# The key a client is shown first.
host_fingerprint() {
  local type file
  for type in ED25519 ECDSA; do
    effective_sshd | awk '$1 == "hostkey" { print $2 }' | while read -r file; do
      ssh-keygen -l -E sha256 -f "$file.pub" 2>/dev/null || true
    done | awk -v type="($type)" '$NF == type { print $2 }'
  done | awk '!n++'
}

print_configuration() {
  local port fingerprint
  port=$(effective_sshd | awk '$1 == "port" && !n++ { print $2 }')
  fingerprint=$(host_fingerprint)
  cat <<EOF

The configuration of the executor; privateKeyPath is where it has its key:

{"sandbox": {"enabled": true, "backend": "ssh", "ssh": {
  "host": "$(hostname -f 2>/dev/null || hostname)", "port": ${port:-22}, "username": "$name",
  "privateKeyPath": "/data/keys/sandbox_key", "timeout": 30000,
  "hostKeyFingerprint": "$fingerprint"}}}
EOF
}

# --- the three things it does ------------------------------------------------

prepare() {
  check_key
  make_user
  authorize_key
  if is_v2; then delegate_v2; else delegate_v1; fi
  configure_sshd
  allow_user_namespaces
  print_table
  print_configuration
}

# Kills what runs in a group and takes the group away.
remove_group_v1() {
  local folder=$1 deadline=$((SECONDS + 10)) each pid
  while [ -d "$folder" ]; do
    find "$folder" -name cgroup.procs -exec cat {} + 2>/dev/null |
      while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done
    find "$folder" -depth -type d | while read -r each; do
      rmdir "$each" 2>/dev/null || true
    done
    [ $SECONDS -lt $deadline ] || die "$folder cannot be removed"
    [ ! -d "$folder" ] || sleep 0.1
  done
}

# Whether a user has processes, but for dead ones that nobody waited for.
has_processes() { pgrep -U "$1" --runstates R,S,D,T,t,I >/dev/null; }

# Ends every process of the user; again, since they may start others.
end_processes() {
  local deadline=$((SECONDS + 10))
  while has_processes "$1"; do
    pkill -KILL -U "$1" || true
    [ $SECONDS -lt $deadline ] || die "processes of $name do not end"
    sleep 0.1
  done
}

remove() {
  local uid mount controller
  if uid=$(uid_of); then
    [ "$(getent passwd "$name" | cut -d: -f5)" = "$MARK" ] ||
      die "user $name was not made by this script: it is left alone"
  fi
  # First of all nobody logs in any more.
  [ -z "$uid" ] || usermod --expiredate 1 --password '!' "$name"
  if has_systemd; then
    [ -z "$uid" ] || loginctl disable-linger "$name" 2>/dev/null || true
    [ -z "$uid" ] || systemctl stop "user@$uid.service" 2>/dev/null || true
    systemctl disable --quiet "$UNIT" 2>/dev/null || true
    rm -f "/etc/systemd/system/$UNIT"
    [ -z "$uid" ] || rm -rf "/etc/systemd/system/user@$uid.service.d"
    systemctl daemon-reload
  fi
  [ -z "$uid" ] || end_processes "$uid"
  for controller in "${CONTROLLERS[@]}" cpuacct; do
    mount=$(hierarchy_of "$controller")
    [ -z "$mount" ] || remove_group_v1 "$mount/$GROUP"
  done
  rm -f "$DELEGATE" "$LOGIN"
  if [ -e "$SYSCTL_FILE" ]; then
    rm -f "$SYSCTL_FILE"
    say "what $SYSCTL_FILE set for all users holds until the host starts again"
  fi
  if [ -e "$SSHD_FILE" ]; then
    rm -f "$SSHD_FILE"
    reload_sshd
  fi
  [ -z "$uid" ] || userdel --remove "$name" 2>/dev/null ||
    die "user $name cannot be removed"
}

case $action in
  prepare) prepare ;;
  check)
    print_table
    exit "$missing"
    ;;
  remove) remove ;;
esac
