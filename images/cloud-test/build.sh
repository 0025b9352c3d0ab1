#!/usr/bin/env bash
# Makes a small cloud image of Debian packages for the tests: systemd, cloud-init, Docker; started by BIOS and by UEFI firmware.
# It stands for any distribution's own: nothing in it is Drover's.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=images/recipe/base.sh
. "$here/../recipe/base.sh"

usage() {
    cat <<'TEXT'
Usage: build.sh [--cache DIR] [--without-docker]

Prints the path of the image, a qcow2 file named by a hash over what it is made from. Needs root, and the packages
mmdebstrap e2fsprogs qemu-utils grub-common grub-pc-bin grub-efi-amd64-bin dosfstools mtools.
TEXT
}

say() { echo "==> $*" >&2; }

die() {
    echo "cloud-test/build.sh: $*" >&2
    exit 1
}

cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/drover
packages=(systemd systemd-sysv systemd-resolved udev dbus netplan.io iproute2 cloud-init python3 ca-certificates linux-image-cloud-amd64 initramfs-tools e2fsprogs)
docker=(docker.io iptables)
while [ $# -gt 0 ]; do
    case $1 in
    --cache) cache=${2:?--cache needs a folder} && shift ;;
    # As images of the field do, it takes the whole of a larger disk at its first start: Docker needs the room.
    --without-docker) docker=(cloud-guest-utils fdisk) ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
    shift
done
PATH=$PATH:/usr/sbin:/sbin
for program in mmdebstrap mke2fs qemu-img grub-mkimage mkfs.vfat mcopy; do
    command -v "$program" >/dev/null || die "missing: $program (build.sh --help lists the packages)"
done
[ "$(id -u)" -eq 0 ] || die "needs root: the packages' own scripts run in the tree"

mkdir -p "$cache"
hash=$({ sha256sum <"$here/build.sh" && echo "${packages[@]}" "${docker[@]}"; } | sha256sum | cut -c 1-16)
image=$cache/cloud-test-$hash.qcow2
exec 9<"$cache"
flock -n 9 || { say "waiting for another build in $cache" && flock 9; }
if [ -f "$image" ]; then
    touch "$image"
    echo "$image"
    exit 0
fi

work=$(mktemp -d "$cache/.cloud-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

make_tree() {
    local mirrors
    mapfile -t mirrors < <(own_sources)
    own_apt_options >"$work/apt.conf"
    say "packages: installing"
    # shellcheck disable=SC2016 # expanded by the hook's shell
    mmdebstrap --variant=minbase --include="$(IFS=, && echo "${packages[*]} ${docker[*]}" | tr ' ' ,)" \
        --aptopt="$work/apt.conf" --dpkgopt='force-unsafe-io' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" && echo MODULES=list >"$1/etc/initramfs-tools/conf.d/drover" && printf "%s\n" virtio_pci virtio_blk ext4 >"$1/etc/initramfs-tools/modules"' \
        --customize-hook='rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*' \
        bookworm "$work/tree" "${mirrors[@]}" >"$work/mmdebstrap.log" 2>&1 || { tail -n 20 "$work/mmdebstrap.log" >&2 && die "the packages could not be installed"; }
    configure "$work/tree"
}

# What the builders of cloud images do: no identity, a serial console, a fixed list of data sources, network by networkd.
configure() {
    local tree=$1
    # Without the index isofs does not load, and cloud-init quietly goes on with no data at all.
    compgen -G "$tree/lib/modules/*/modules.dep" >/dev/null || die "the kernel's module index is missing"
    : >"$tree/etc/machine-id"
    rm -f "$tree/etc/hostname" "$tree/etc/resolv.conf" "$tree"/etc/ssh/ssh_host_*
    ln -s /run/systemd/resolve/stub-resolv.conf "$tree/etc/resolv.conf"
    echo 'datasource_list: [ NoCloud, ConfigDrive, None ]' >"$tree/etc/cloud/cloud.cfg.d/90-sources.cfg"
    printf 'LABEL=cloudroot / ext4 noatime 0 1\n' >"$tree/etc/fstab"
    ln -sf /lib/systemd/system/systemd-networkd.service "$tree/etc/systemd/system/multi-user.target.wants/systemd-networkd.service"
    # Timers that only cost emulation time in a test.
    rm -f "$tree"/etc/systemd/system/timers.target.wants/*
}

# Sector 0: GRUB's first stage and the partition table; sector 1 on: its second stage; 1 MiB: EFI partition; then the root file system.
make_disk() {
    local disk=$work/disk.raw tree=$work/tree efi_mib=4 root_mib config=$work/grub.cfg core
    root_mib=$(($(du -sm "$tree" | cut -f 1) * 12 / 10 + 300))
    cat >"$config" <<'CFG'
search --no-floppy --label cloudroot --set=root
linux /vmlinuz root=LABEL=cloudroot ro console=ttyS0 net.ifnames=0 quiet
initrd /initrd.img
boot
CFG
    say "disk: making the file systems"
    truncate -s "$((1 + efi_mib + root_mib))M" "$disk"
    mke2fs -q -t ext4 -L cloudroot -m 0 -d "$tree" -E "lazy_itable_init=1,offset=$(((1 + efi_mib) << 20))" "$disk" "${root_mib}M"

    grub-mkimage -O i386-pc -p /boot/grub -c "$config" -o "$work/core.img" biosdisk part_msdos ext2 search search_label linux
    core=$(stat -c %s "$work/core.img")
    [ "$core" -lt $((2047 * 512)) ] || die "GRUB's second stage is too large: $core bytes"
    dd if=/usr/lib/grub/i386-pc/boot.img of="$disk" bs=440 count=1 conv=notrunc status=none
    dd if="$work/core.img" of="$disk" bs=512 seek=1 conv=notrunc status=none
    partition 0 0x80 0xef 2048 $((efi_mib * 2048)) "$disk"
    partition 1 0x00 0x83 $(((1 + efi_mib) * 2048)) $((root_mib * 2048)) "$disk"
    printf '\x55\xaa' | dd of="$disk" bs=1 seek=510 conv=notrunc status=none

    grub-mkimage -O x86_64-efi -p /boot/grub -c "$config" -o "$work/bootx64.efi" part_msdos ext2 search search_label linux
    truncate -s "${efi_mib}M" "$work/efi.img"
    mkfs.vfat -n EFI "$work/efi.img" >/dev/null
    mmd -i "$work/efi.img" ::/EFI ::/EFI/BOOT
    mcopy -i "$work/efi.img" "$work/bootx64.efi" ::/EFI/BOOT/BOOTX64.EFI
    dd if="$work/efi.img" of="$disk" bs=1M seek=1 conv=notrunc status=none
    say "disk: packing"
    qemu-img convert -q -f raw -O qcow2 "$disk" "$work/disk.qcow2"
}

# partition INDEX ACTIVE TYPE FIRST-SECTOR SECTORS DISK : one entry of the table, without the cylinders that nobody reads.
partition() {
    local bytes
    bytes=$(printf '%02x000000%02x000000' "$2" "$3" && le32 "$4" && le32 "$5")
    # shellcheck disable=SC2059,SC2001 # the format is the bytes, pair by pair
    printf "$(sed 's/../\\x&/g' <<<"$bytes")" | dd of="$6" bs=1 seek=$((446 + 16 * $1)) conv=notrunc status=none
}

le32() { printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }

make_tree
make_disk
mv "$work/disk.qcow2" "$image"
find "$cache" -maxdepth 1 -name 'cloud-test-*.qcow2' -mtime +30 -delete
say "$image: $(du -m "$image" | cut -f 1) MiB, made in $SECONDS s"
echo "$image"
