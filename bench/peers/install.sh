#!/bin/sh
# Gets the programs that lading is measured against, as an ordinary user, into one folder: install.sh [FOLDER]
#
# From Go: crane and a newer umoci. From Debian: umoci, buildah, skopeo, pigz, zstd, xz and docker-registry, of which those
# that are not installed and run from anywhere are fetched and unpacked; the others want `apt-get install`. From npm:
# containerify. What cannot be had is named and left out.
set -u
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lading-bench
bin=${1:-$cache/bin}
mkdir -p "$bin" "$bin/.parts"
bin=$(cd "$bin" && pwd)
parts=$bin/.parts

say() { printf '%s\n' "$*" >&2; }

from_go() { # name module version package-in-it
  [ -x "$bin/$1" ] && return
  mkdir -p "$parts/go"
  if GOBIN=$parts/go go install "$2/$4@$3" 2>"$parts/go.log"; then
    mv "$parts/go/$(basename "$4")" "$bin/$1"
    return
  fi
  # That asks for the list of versions too, which not every proxy gives; the module of the one version is enough.
  if (
    source=$(go mod download -json "$2@$3" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') &&
      cd "$source" && go build -mod=readonly -o "$bin/$1" "./$4"
  ) 2>"$parts/go.log"; then
    return
  fi
  say "cannot get $1 ($2@$3): $(tail -n 1 "$parts/go.log")"
}

from_debian() { # package path-in-it name
  command -v "$3" >/dev/null 2>&1 && return
  [ -x "$bin/$3" ] && return
  if (cd "$parts" && apt-get download -q "$1" >/dev/null 2>&1 && dpkg-deb -x "$1"_*.deb "$1"); then
    ln -sf ".parts/$1$2" "$bin/$3"
  else
    say "cannot get $1; try: apt-get install $1"
  fi
}

from_npm() { # package version
  [ -x "$bin/$1" ] && return
  if npm install --silent --no-fund --no-audit --prefix "$parts/npm" "$1@$2" >/dev/null 2>&1; then
    ln -sf ".parts/npm/node_modules/.bin/$1" "$bin/$1"
  else
    say "cannot get $1"
  fi
}

from_go crane github.com/google/go-containerregistry v0.20.2 cmd/crane
from_go umoci-0.6 github.com/opencontainers/umoci v0.6.0 cmd/umoci
from_debian umoci /usr/bin/umoci umoci
from_debian skopeo /usr/bin/skopeo skopeo
from_debian buildah /usr/bin/buildah buildah
from_debian docker-registry /usr/bin/docker-registry docker-registry
from_debian pigz /usr/bin/pigz pigz
from_debian zstd /usr/bin/zstd zstd
from_debian xz-utils /usr/bin/xz xz
from_npm containerify 4.1.0
ls "$bin"
