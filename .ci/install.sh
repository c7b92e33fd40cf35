#!/usr/bin/env bash
# Installs the packages of .ci/packages that this machine lacks: those everybody needs and those of the named groups.
# Usage: .ci/install.sh [GROUP]...
set -euo pipefail
list=$(dirname "$0")/packages

if ! command -v dpkg-query >/dev/null; then
  echo "install: no dpkg here; the programs and libraries of $list must be there already"
  exit 0
fi

missing=()
while read -r package group; do
  [[ -z $package || $package == '#'* ]] && continue
  [[ -z $group || " $* " == *" $group "* ]] || continue
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done <"$list"

if ((${#missing[@]} == 0)); then
  echo "install: every package is there"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "install: missing, and neither root nor sudo: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null; }
install() { apt install -y --no-install-recommends --no-remove "${missing[@]}"; }

echo "install: ${missing[*]}"
# Package lists are fetched when they do not know a package, or name one the archive no longer has.
if apt-cache show "${missing[@]}" >/dev/null 2>&1 && install; then exit 0; fi
apt update
install
