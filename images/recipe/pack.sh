# Second half of the build: tree and agent → disk, initrd, manifest. Sourced by build.sh.
# shellcheck shell=bash disable=SC2154 # here, work: of build.sh

# What the guest needs on every accelerator; the executor adds to it (README.md, "Kernel arguments").
kernel_arguments='root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 panic=1 apparmor=0 audit=0'

# Modules that find the disk, in the initrd.
disk_modules='virtio_pci virtio_blk'

# Virtual size of the disk as built; a guest's disk is this or larger.
disk_mib=1024

check_agent() {
    [ -f "$1" ] || die "no agent at $1"
    # ELF, 64 bits, little endian, x86-64
    [ "$(od -An -tx1 -N 5 "$1" | tr -d ' ')$(od -An -tx1 -j 18 -N 2 "$1" | tr -d ' ')" = 7f454c46023e00 ] ||
        die "$1 is no program for x86-64 Linux (publish src/Drover.Agent for linux-x64)"
    "$1" --version 2>/dev/null | grep -q '^drover-agent ' || die "$1 does not answer as drover-agent: wrong build?"
}

up_to_date() {
    local file
    for file in manifest.json disk.qcow2 vmlinuz vmlinux initrd.img; do
        [ -f "$1/$file" ] || return 1
    done
    grep -q "\"inputs\": \"$2\"" "$1/manifest.json"
}

# make_image TARBALL WORK AGENT NAME INPUTS → WORK/image
make_image() {
    local work=$2 tree=$2/tree image=$2/image epoch
    mkdir "$tree" "$image"
    say "disk: putting the agent in"
    tar -C "$tree" -xf "$1" --no-same-owner -p
    epoch=${SOURCE_DATE_EPOCH:-$(stat -c %Y "$tree/boot/vmlinuz")}
    mv "$tree/boot/vmlinuz" "$image/vmlinuz"
    rmdir "$tree/boot"
    unpack_kernel "$image/vmlinuz" "$image/vmlinux"
    make_initrd "$tree" "$work/initrd" "$image/initrd.img" "$epoch"
    cp -R "$here/root/." "$tree/"
    install -m 0755 "$3" "$tree/usr/bin/drover-agent"
    chmod -R go-w "$tree"
    chmod 1777 "$tree/tmp" "$tree/var/tmp"
    chmod 0600 "$tree/etc/shadow"
    find "$tree" -depth -exec touch -h -d "@$epoch" {} +

    say "disk: making the file system"
    make_file_system "$tree" "$work/disk.raw" "$epoch"
    rm -rf "$tree"
    say "disk: compressing"
    qemu-img convert -q -c -f raw -O qcow2 -o compression_type=zstd "$work/disk.raw" "$image/disk.qcow2"
    rm "$work/disk.raw"
    write_manifest "$image" "$4" "$5" "$epoch"
}

# unpack_kernel VMLINUZ VMLINUX: the program that is packed in the kernel (Linux, Documentation/x86/boot.rst). Its last four bytes are its size and no part of it.
unpack_kernel() {
    local start length
    command -v lz4 >/dev/null || die "missing: lz4 (package lz4)"
    start=$((($(number_at "$1" 497 1) + 1) * 512 + $(number_at "$1" 584 4)))
    length=$(($(number_at "$1" 588 4) - 4))
    { tail -c "+$((start + 1))" "$1" || true; } 2>/dev/null | head -c "$length" | lz4 -dcq >"$2" && [ "$(number_at "$2" 0 4)" = 1179403647 ] ||
        die "the kernel is not packed with lz4, as Debian's cloud kernel is: it cannot be unpacked"
}

# number_at FILE OFFSET BYTES
number_at() { od -An "-tu$3" -j "$2" -N "$3" "$1" | tr -d ' '; }

# All files belong to root in the guest. An ordinary user is root in a user namespace for as long as mke2fs reads the tree.
make_file_system() {
    local run=()
    [ "$(id -u)" -eq 0 ] || run=(unshare --map-root-user --)
    truncate -s "${disk_mib}M" "$2"
    E2FSPROGS_FAKE_TIME=$3 SOURCE_DATE_EPOCH=$3 "${run[@]}" mke2fs -q -t ext4 -L drover -m 0 -J size=64 -d "$1" \
        -U d0e5b8f4-2f8c-4d0c-9a5c-6d726f766572 \
        -E "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0,hash_seed=0c1f37d4-9b1e-4c55-8a70-6d726f766572" "$2"
}

# make_initrd TREE FOLDER FILE EPOCH
make_initrd() {
    local tree=$1 root=$2 file=$3 modules module library program
    modules=$(echo "$tree"/usr/lib/modules/*)
    mkdir -p "$root"/{bin,sbin,lib,lib64,dev,proc,sys,run,root,modules,etc}
    cp "$tree/bin/busybox" "$root/bin/busybox"
    for program in sh mount insmod switch_root poweroff usleep sync cat; do ln -s busybox "$root/bin/$program"; done
    cp "$tree/sbin/e2fsck" "$root/sbin/e2fsck"
    cp -L "$tree/lib64/ld-linux-x86-64.so.2" "$root/lib64/"
    while read -r library; do
        cp -L "$tree/usr/lib/x86_64-linux-gnu/${library##*/}" "$root/lib/"
    done < <("$tree/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" --inhibit-cache --library-path "$tree/usr/lib/x86_64-linux-gnu" --list "$tree/sbin/e2fsck" | awk '$2 == "=>" { print $3 }')
    for module in $disk_modules; do
        # A line of modules.dep reads `module: dependency…`, the deepest last.
        awk -v name="/${module}.ko:" 'index($1, name) { for (i = NF; i > 1; i--) print $i; sub(":$", "", $1); print $1 }' "$modules/modules.dep"
    done | awk '!seen[$0]++' | while read -r module; do
        cp "$modules/$module" "$root/modules/"
        echo "${module##*/}"
    done >"$root/modules/order"
    [ -s "$root/modules/order" ] || die "the kernel has no modules $disk_modules"
    install -m 0755 "$here/initrd/init" "$root/init"
    find "$root" -depth -exec touch -h -d "@$4" {} +
    (cd "$root" && find . | LC_ALL=C sort | "$tree/bin/busybox" cpio -o -H newc -R 0:0 --renumber-inodes --ignore-devno 2>/dev/null) | gzip -n -9 >"$file"
}

write_manifest() {
    local image=$1 comma='' role file
    {
        printf '{\n  "name": "%s",\n  "inputs": "%s",\n  "created": "%s",\n' "$2" "$3" "$(date -u -d "@$4" +%Y-%m-%dT%H:%M:%SZ)"
        printf '  "kernelArguments": "%s",\n  "files": [' "$kernel_arguments"
        for role in disk:disk.qcow2 kernel:vmlinuz kernel-unpacked:vmlinux initrd:initrd.img; do
            file=${role#*:}
            printf '%s\n    { "role": "%s", "name": "%s", "sha256": "%s", "size": %s }' "$comma" "${role%%:*}" "$file" \
                "$(sha256sum <"$image/$file" | cut -d ' ' -f 1)" "$(stat -c %s "$image/$file")"
            comma=,
        done
        printf '\n  ]\n}\n'
    } >"$image/manifest.json"
}

# The new folder takes the place of the old one; a guest that runs keeps the old files open.
publish() {
    sync -f "$1"
    chmod 0755 "$1"
    chmod 0644 "$1"/*
    [ ! -e "$2" ] || mv -T "$2" "$work/old"
    mv -T "$1" "$2"
}
