#!/bin/bash
# Makes the disk of a virtual machine with Debian 12, unless it is there and of
# this recipe: systemd, an sshd, and what the tests use on it.
#
#   tests/e2e/ssh_vm/image.sh
#
# Prints the folder of what was made: disk.img, vmlinuz, initrd.img, and the key
# that logs in as root, which opens nothing but machines with this disk. Needs
# root, and two minutes the first time.
set -euo pipefail
. "$(dirname "$0")/../../../deploy/lib.sh"
# The output is a path.
say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*" >&2; }

# Empty: the one debootstrap has by default.
MIRROR=${AIRLOCK_DEBIAN_MIRROR:-}
PACKAGES=linux-image-cloud-amd64,systemd-sysv,dbus,libpam-systemd,udev,kmod
PACKAGES+=,openssh-server,iproute2,procps,python3-minimal,ca-certificates,socat
# Written sparsely: holes cost nothing.
DISK_SIZE=3G

recipe=$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-16)
image=$AIRLOCK_CACHE/ssh-vm-$recipe
if [ -e "$image/disk.img" ]; then
  echo "$image"
  exit
fi

for tool in debootstrap mke2fs ssh-keygen; do
  command -v "$tool" >/dev/null || die "$tool is missing: install it first"
done
mkdir -p "$AIRLOCK_CACHE/debs"
work=$(mktemp -d "$AIRLOCK_CACHE/ssh-vm.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root

say "making a Debian 12 for a virtual machine (two minutes)"
quietly "$AIRLOCK_CACHE/ssh-vm-debootstrap.log" debootstrap --variant=minbase \
  --include="$PACKAGES" --cache-dir="$AIRLOCK_CACHE/debs" bookworm "$root" \
  ${MIRROR:+"$MIRROR"}
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* \
  "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/dev/*

echo ssh-vm >"$root/etc/hostname"
echo '127.0.0.1 localhost ssh-vm' >"$root/etc/hosts"
echo '/dev/vda / ext4 defaults 0 1' >"$root/etc/fstab"
cat >"$root/etc/systemd/network/80-user.network" <<'EOF'
[Match]
Type=ether
[Network]
DHCP=ipv4
EOF
chroot "$root" systemctl enable --quiet systemd-networkd
chroot "$root" systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer \
  e2scrub_all.timer fstrim.timer systemd-networkd-wait-online.service

# For a start without systemd: the least that lets somebody log in.
cat >"$root/usr/local/sbin/plain-init" <<'EOF'
#!/bin/sh
# Process 1 of a host without systemd.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -o remount,rw /
for each in proc:/proc sysfs:/sys devtmpfs:/dev tmpfs:/run cgroup2:/sys/fs/cgroup; do
  mountpoint -q "${each#*:}" || mount -t "${each%%:*}" none "${each#*:}"
done
mkdir -p /dev/pts /dev/shm /run/sshd
mount -t devpts none /dev/pts
mount -t tmpfs none /dev/shm
echo '+memory +cpu +pids' >/sys/fs/cgroup/cgroup.subtree_control
modprobe virtio_net
ip link set lo up
for each in /sys/class/net/e*; do
  ip link set "${each##*/}" up
  ip addr add 10.0.2.15/24 dev "${each##*/}"
  ip route add default via 10.0.2.2
done
/usr/sbin/sshd
while :; do sleep 1; done
EOF
chmod 755 "$root/usr/local/sbin/plain-init"

ssh-keygen -q -t ed25519 -N '' -C root -f "$work/root_key"
install -d -m 0700 "$root/root/.ssh"
install -m 0600 "$work/root_key.pub" "$root/root/.ssh/authorized_keys"

mv "$root"/boot/vmlinuz-* "$work/vmlinuz"
mv "$root"/boot/initrd.img-* "$work/initrd.img"
ssh-keygen -l -f "$root/etc/ssh/ssh_host_ed25519_key.pub" >"$work/fingerprint"
quietly "$AIRLOCK_CACHE/ssh-vm-mke2fs.log" mke2fs -q -t ext4 -d "$root" \
  "$work/disk.img" "$DISK_SIZE"
rm -rf --one-file-system "$root"
# Whoever was faster made the same.
mv -T "$work" "$image" 2>/dev/null || true
echo "$image"
