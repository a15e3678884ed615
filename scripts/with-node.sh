#!/bin/sh
# Runs a script of this repository with a Node.js that fits, as the launcher finds or brings it: scripts/with-node.sh FILE ARGS…
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

# shellcheck source=scripts/bootstrap.sh
. "$root/scripts/bootstrap.sh"

PATH=${node%/*}:$root/node_modules/.bin:$PATH
export PATH
cd "$root"
exec "$node" --disable-warning=ExperimentalWarning "$@"
