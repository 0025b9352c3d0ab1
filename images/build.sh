#!/usr/bin/env bash
# Makes the guest image: Debian packages, a small init, Docker, the Drover agent. See README.md beside this file.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=images/recipe/base.sh
. "$here/recipe/base.sh"
# shellcheck source=images/recipe/pack.sh
. "$here/recipe/pack.sh"

usage() {
    cat <<'TEXT'
Usage: build.sh --agent FILE --out DIR [options]
       build.sh --agent FILE --print-inputs

  --agent FILE      the native drover-agent for the guest
  --out DIR         image folder to make: manifest.json, disk.qcow2, vmlinuz, vmlinux, initrd.img
  --cache DIR       where unpacked packages are kept (default: ${XDG_CACHE_HOME:-~/.cache}/drover)
  --name NAME       image name in the manifest (default: drover)
  --sources FILE    APT sources of Debian 12 (default: this machine's own, else Debian's)
  --refresh         take the packages anew, with their updates
  --print-inputs    print the hash of everything the image is made from, and end

Does nothing when DIR was made from the same inputs. Ends with 0, 1 (failed), 2 (wrong usage).
TEXT
}

say() { echo "==> $*"; }

die() {
    echo "build.sh: $*" >&2
    exit 1
}

wrong() {
    echo "build.sh: $*" >&2
    usage >&2
    exit 2
}

agent='' out='' name=drover sources='' refresh='' print_inputs=''
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/drover
while [ $# -gt 0 ]; do
    case $1 in
    --agent | --out | --cache | --name | --sources)
        [ $# -ge 2 ] || wrong "$1 needs a value"
        printf -v "${1#--}" %s "$2"
        shift
        ;;
    --refresh) refresh=1 ;;
    --print-inputs) print_inputs=1 ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) wrong "unknown option $1" ;;
    esac
    shift
done

[ -n "$agent" ] || wrong "--agent is missing"
check_agent "$agent"
inputs=$(inputs_hash "$agent" "$name")
if [ -n "$print_inputs" ]; then
    echo "$inputs"
    exit 0
fi

[ -n "$out" ] || wrong "--out is missing"
case $name in '' | *[!a-z0-9.-]*) wrong "--name may hold a-z, 0-9, dot and dash" ;; esac
need_programs

out=$(realpath -m "$out")
cache=$(realpath -m "$cache")
parent=$(dirname "$out")
mkdir -p "$parent" "$cache" || die "cannot make $parent and $cache"

# One build at a time per folder of images; the lock is on the folder itself and leaves nothing behind.
exec 9<"$parent"
flock -n 9 || { say "waiting for another build in $parent"; flock 9; }

if [ -z "$refresh" ] && up_to_date "$out" "$inputs"; then
    say "$out is up to date"
    exit 0
fi

find "$parent" -maxdepth 1 -name '.image-build.*' -exec rm -rf {} +
work=$(mktemp -d "$parent/.image-build.XXXXXX") || die "cannot write to $parent"
trap 'finish $?' EXIT
trap 'exit 130' INT TERM HUP

# A full disk shows as any failing command, so the end looks at the space.
finish() {
    local status=$1 folder free
    trap - EXIT
    if [ "$status" -ne 0 ]; then
        for folder in "$parent" "$cache"; do
            free=$(free_mib "$folder")
            [ "$free" -ge 64 ] || echo "build.sh: no space left: $folder has $free MiB free, the image needs about $needed_mib MiB while it is made" >&2
        done
        echo "build.sh: the image was not made; $out is as it was" >&2
    fi
    rm -rf "$work" "$cache"/*.partial."$$"
    exit "$status"
}

base=$cache/guest-base-$(base_hash).tar
[ -z "$refresh" ] || rm -f "$base"
needed_mib=1500
[ ! -f "$base" ] || needed_mib=700
for folder in "$parent" "$cache"; do
    free=$(free_mib "$folder")
    [ "$free" -ge "$needed_mib" ] || die "not enough space: $folder has $free MiB free, the image needs about $needed_mib MiB while it is made"
done

if [ -f "$base" ]; then
    say "packages: from the cache"
    touch "$base"
else
    make_base "$base" "$work" "$sources"
fi

make_image "$base" "$work" "$agent" "$name" "$inputs"
publish "$work/image" "$out"
find "$cache" -maxdepth 1 -name 'guest-base-*.tar' -mtime +30 -delete
say "$out is ready: $(du -cm "$out"/* | tail -n 1 | cut -f 1) MiB, made in $SECONDS s"
