#!/usr/bin/env bash
# Gets a nats-server that can carry a cluster: Debian's package of unstable, unpacked; nothing of the machine is changed. Prints its path.
# The tests look for it there, or in PATH. Debian 12 has 2.9 and Debian 13 has 2.10: both are too old.
set -eu
target=${XDG_CACHE_HOME:-$HOME/.cache}/tamtam/nats-server
if [ ! -x "$target" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$(dirname "$target")"
  # The mirror that this machine uses already.
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -1)
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  echo "deb [signed-by=$keys] $mirror unstable main" >"$work/unstable.list"
  own=(-qq -o "Dir::Etc::sourcelist=$work/unstable.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists"
    -o "Dir::Cache::archives=$work/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
  cd "$work"
  apt-get "${own[@]}" update >&2
  apt-get "${own[@]}" download nats-server >&2
  dpkg -x nats-server_*.deb "$work/root"
  # By its name at the end only: several may get it at once.
  cp "$work/root/usr/sbin/nats-server" "$target.$$"
  mv "$target.$$" "$target"
fi
echo "$target"
