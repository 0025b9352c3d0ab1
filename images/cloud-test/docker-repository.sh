#!/usr/bin/env bash
# Makes a flat apt repository with all that installing Docker on Debian 12 takes, from nothing on: for guests that reach no mirror.
# Prints its folder. Whoever serves it over HTTP names it in user data as `deb [trusted=yes] http://HOST:PORT ./`.
set -euo pipefail

case ${1:-} in
--cache) cache=${2:?--cache needs a folder} ;;
'') cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/drover ;;
*) echo "Usage: docker-repository.sh [--cache DIR]" >&2 && exit 2 ;;
esac

# The packages that the guest's setup asks for.
wanted=(docker.io iptables ca-certificates)
apt=(apt-get -qq --no-install-recommends -o Dir::State::status=/dev/null)

mkdir -p "$cache"
# One line each: 'ADDRESS' FILE SIZE DIGEST
list=$("${apt[@]}" --print-uris install "${wanted[@]}")
folder=$cache/docker-repository-$(sha256sum <<<"$list" | cut -c 1-16)
exec 9<"$cache"
flock 9
if [ ! -f "$folder/Packages" ]; then
    work=$(mktemp -d "$cache/.docker-repository.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    mapfile -t names < <(cut -d ' ' -f 2 <<<"$list" | cut -d _ -f 1)
    echo "==> fetching ${#names[@]} packages" >&2
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "${names[@]}") >&2
    for file in "$work"/*.deb; do
        dpkg-deb -f "$file"
        printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "${file##*/}" "$(stat -c %s "$file")" "$(sha256sum <"$file" | cut -d ' ' -f 1)"
    done >"$work/Packages"
    chmod 755 "$work"
    rm -rf "$folder"
    mv -T "$work" "$folder"
    find "$cache" -maxdepth 1 -name 'docker-repository-*' ! -path "$folder" -mtime +30 -exec rm -rf {} +
fi
echo "$folder"
