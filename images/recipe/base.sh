# First half of the build: Debian packages → a tree with only what the guest needs, kept as a tarball. Sourced by build.sh.
# shellcheck shell=bash disable=SC2154 # here: the folder of build.sh

need_programs() {
    local program missing=()
    for program in mmdebstrap mke2fs qemu-img sha256sum flock tar awk; do
        command -v "$program" >/dev/null || [ -x "/sbin/$program" ] || missing+=("$program")
    done
    [ ${#missing[@]} -eq 0 ] || die "missing: ${missing[*]} (packages mmdebstrap, e2fsprogs, qemu-utils)"
    PATH=$PATH:/usr/sbin:/sbin
}

free_mib() { df -Pm "$1" | awk 'NR == 2 { print $4 }'; }


# Hash of files by content, name and execute bit.
files_hash() {
    local file
    for file in "$@"; do
        printf '%s %s %s\n' "$(sha256sum <"$here/$file" | cut -d ' ' -f 1)" "$([ -x "$here/$file" ] && echo x || echo -)" "$file"
    done | sha256sum | cut -d ' ' -f 1
}

base_hash() { files_hash packages keep recipe/base.sh | cut -c 1-16; }

inputs_hash() {
    local files
    mapfile -t files < <(cd "$here" && find build.sh packages keep recipe initrd root -type f | LC_ALL=C sort)
    printf '%s %s %s\n' "$(files_hash "${files[@]}")" "$(sha256sum <"$1" | cut -d ' ' -f 1)" "$2" | sha256sum | cut -d ' ' -f 1
}

# The machine's APT sources, if they hold Debian 12; a file of another distribution is no use here.
own_sources() {
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] && grep -Eq '^[^#]*\<bookworm\>' "$file" && grep -Eq '^[^#]*/debian' "$file" && echo "$file"
    done
    return 0
}

# The machine's way to its package mirror (proxy, certificates, logins, retries) for mmdebstrap, which otherwise ignores it.
own_apt_options() {
    echo 'APT::Install-Recommends "false";'
    echo 'Acquire::Retries "3";'
    apt-config dump | grep -E '^Acquire::(http|https|ftp|socks|Retries|Check-|Max-|ForceIPv|Languages)' || true
    [ ! -r /etc/apt/auth.conf ] || echo 'Dir::Etc::netrc "/etc/apt/auth.conf";'
    [ ! -d /etc/apt/auth.conf.d ] || echo 'Dir::Etc::netrcparts "/etc/apt/auth.conf.d";'
}

# make_base TARBALL WORK SOURCES
make_base() {
    local tarball=$1 work=$2 sources=$3 full=$2/full tree=$2/tree packages mirrors=()
    packages=$(sed 's/#.*//' "$here/packages" | xargs | tr ' ' ',')
    if [ -n "$sources" ]; then
        [ -r "$sources" ] || die "cannot read the sources $sources"
        mirrors=("$sources")
    else
        mapfile -t mirrors < <(own_sources)
    fi
    own_apt_options >"$work/apt.conf"

    say "packages: downloading and unpacking"
    # No package's own scripts run, so no root and no mounts are needed: what they would do is done below and in root/.
    # shellcheck disable=SC2016 # expanded by the hook's shell
    mmdebstrap --variant=extract --mode=chrootless --architectures=amd64 --include="$packages" --aptopt="$work/apt.conf" \
        --extract-hook='for deb in "$1"/var/cache/apt/archives/*.deb; do dpkg-deb -W --showformat "\${Package} \${Version}\n" "$deb"; done | LC_ALL=C sort >"$1/packages.txt"' \
        --format=tar bookworm "$work/full.tar" "${mirrors[@]}" 2>"$work/mmdebstrap.log" ||
        { grep -Ev '^(I:|W: running chrootless)' "$work/mmdebstrap.log" >&2; die "the packages could not be fetched (see above); is the package mirror in reach?"; }
    mkdir "$full"
    tar -C "$full" -xf "$work/full.tar" --no-same-owner --exclude='./dev/*'
    rm "$work/full.tar"

    say "packages: keeping what the guest needs"
    make_skeleton "$tree"
    copy_kept "$full" "$tree"
    copy_libraries "$full" "$tree"
    finish_tree "$full" "$tree"
    rm -rf "$full"

    tar -C "$tree" --sort=name --owner=0 --group=0 --numeric-owner -cf "$tarball.partial.$$" .
    mv "$tarball.partial.$$" "$tarball"
    rm -rf "$tree"
}

make_skeleton() {
    local directory
    mkdir -p "$1"/usr/{bin,sbin,lib,lib64} "$1"/{dev,proc,sys,run,mnt,opt,srv,home} "$1"/etc/ssl/certs "$1"/var/{lib/drover,log,tmp,cache,spool}
    mkdir -m 0700 "$1/root"
    mkdir -m 1777 "$1/tmp"
    chmod 0700 "$1/var/lib/drover"
    chmod 1777 "$1/var/tmp"
    for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$1/$directory"; done
    ln -s /run "$1/var/run"
    ln -s /run/lock "$1/var/lock"
}

copy_kept() {
    local full=$1 tree=$2 pattern
    while read -r pattern; do
        matches "$full" "${pattern#!}" | (cd "$full" && xargs rm -r)
    done < <(kept_patterns | grep '^!')
    while read -r pattern; do
        matches "$full" "$pattern"
    done < <(kept_patterns | grep -v '^!') >"$tree.list"
    tar -C "$full" -cf - -T "$tree.list" | tar -C "$tree" -xf - --keep-directory-symlink --no-same-owner
    rm "$tree.list"
}

kept_patterns() { sed 's/#.*//; /^[[:space:]]*$/d' "$here/keep"; }

matches() { (cd "$1" && compgen -G "$2") || die "keep: the packages have no $2"; }

# Adds what the kept programs are linked with. The guest's own loader answers, with the packages as its only folders.
copy_libraries() {
    local full=$1 tree=$2 directories loader file library
    directories=$full/lib/x86_64-linux-gnu:$full/usr/lib/x86_64-linux-gnu
    loader=$full/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
    while read -r file; do
        "$loader" --verify "$file" 2>/dev/null || continue # linked statically, or no program
        "$loader" --inhibit-cache --library-path "$directories" --list "$file" | awk '$2 == "=>" { print $3 }'
    done < <(find "$tree/usr/bin" "$tree/usr/sbin" "$tree/usr/lib/x86_64-linux-gnu" -type f \( -perm -u+x -o -name '*.so*' \)) | LC_ALL=C sort -u >"$tree.list"
    while read -r library; do
        case $library in
        "$full"/*) cp -L --preserve=timestamps "$library" "$tree/usr/lib/x86_64-linux-gnu/" ;;
        *) die "a program of the guest needs ${library##*/}, which no package of the list brings" ;;
        esac
    done <"$tree.list"
    rm "$tree.list"
}

# What the packages' scripts would have done, as far as the guest needs it.
finish_tree() {
    local full=$1 tree=$2 applet kernel
    while read -r applet; do
        [ -e "$tree/$applet" ] || [ -L "$tree/$applet" ] || ln -s /bin/busybox "$tree/$applet"
    done < <("$full/bin/busybox" --list-full)
    for applet in iptables ip6tables; do
        ln -s xtables-legacy-multi "$tree/usr/sbin/$applet"
        ln -s xtables-legacy-multi "$tree/usr/sbin/$applet-save"
        ln -s xtables-legacy-multi "$tree/usr/sbin/$applet-restore"
    done
    find "$tree/usr/share/ca-certificates" -name '*.crt' -print0 | LC_ALL=C sort -z | xargs -0 cat >"$tree/etc/ssl/certs/ca-certificates.crt"
    ln -s certs/ca-certificates.crt "$tree/etc/ssl/cert.pem"

    kernel=$(basename "$full"/boot/vmlinuz-*)
    mkdir "$tree/boot"
    cp --preserve=timestamps "$full/boot/$kernel" "$tree/boot/vmlinuz"
    make_module_index "$full" "$tree" "${kernel#vmlinuz-}"
    mkdir -p "$tree/usr/share/drover"
    mv "$tree/packages.txt" "$tree/usr/share/drover/packages"
}

# A kept module whose dependency was left out would load nowhere, and nobody would notice at the build.
make_module_index() {
    local full=$1 tree=$2 version=$3 modules=lib/modules/$3 missing
    "$full/bin/busybox" depmod -b "$full" "$version"
    missing=$(while read -r module needed; do
        [ -f "$tree/$modules/${module%:}" ] || continue
        for file in $needed; do
            [ -f "$tree/$modules/$file" ] || echo "${module%:} needs $file"
        done
    done <"$full/$modules/modules.dep")
    [ -z "$missing" ] || die "keep: modules are left out that others need:"$'\n'"$missing"
    "$full/bin/busybox" depmod -b "$tree" "$version"
}
