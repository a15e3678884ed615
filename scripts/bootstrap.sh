# shellcheck shell=sh
# shellcheck disable=SC2154 # root is set by who sources this
# Sourced by the launcher and by with-node.sh with $root set. Sets $node to a Node.js that can run us and makes node_modules
# match package-lock.json. When all is in place this costs one short child process (cmp). Everything is put in place by a rename:
# killed at any point, or started twice at once, it leaves the old state or the new one. Says what it does on stderr.

node_version=26.10.0
cache=${SLIPWAY_CACHE:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/slipway}
node_home=$cache/node/$node_version
scratch=

say() { printf 'slipway: %s\n' "$1" >&2; }

# fail EXIT SENTENCE ADVICE
fail() {
  say "$2"
  say "fix: $3"
  exit "$1"
}

drop_scratch() {
  [ -z "$scratch" ] || rm -rf "$scratch"
  scratch=
}

# A private folder beside what it will replace, so that a rename is atomic; those of dead processes are swept.
make_scratch() {
  for old in "$1".new.*; do
    [ -e "$old" ] || continue
    kill -0 "${old##*.}" 2>/dev/null || rm -rf "$old"
  done
  scratch=$1.new.$$
  trap drop_scratch EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  mkdir -p "$scratch/new" 2>/dev/null || fail 77 "cannot write to $scratch" "$2"
}

# is_fitting NODE: version 24 or later
is_fitting() {
  version=$("$1" -v 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge 24 ] 2>/dev/null
}

find_cached_node() {
  for node in "$node_home"/node_modules/node-*/bin/node; do
    [ -x "$node" ] && return 0
  done
  node=
  return 1
}

find_node() {
  if [ -n "${SLIPWAY_NODE:-}" ]; then
    node=$SLIPWAY_NODE
    is_fitting "$node" || fail 69 "SLIPWAY_NODE=$node is no Node.js 24 or later" 'unset it, or let it name a newer one'
    return 0
  fi
  find_cached_node && return 0
  node=$(command -v node) && is_fitting "$node" && return 0
  bring_node
}

need_npm() {
  command -v npm >/dev/null 2>&1 || fail 69 "npm is needed to bring $1, and is not on PATH" "install Node.js 24 or later with npm, or set SLIPWAY_NODE"
}

# run_npm_ci FOLDER WHAT: the lock file pins versions and checksums; no package runs a script of its own. Without a network npm gives up
# after seconds instead of minutes, and takes what its cache has.
run_npm_ci() {
  (cd "$1" && npm ci --include=dev --include=optional --ignore-scripts --no-audit --no-fund --loglevel=error \
    --prefer-offline --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=8000) >&2 ||
    fail 69 "npm could not bring $2" 'look at the message of npm above; a network is needed this once'
}

# rename NEW LIVE NODE: puts a folder in place of another; whoever comes second finds an equal one and is content.
rename() {
  "$3" -e '
    const fs = require("node:fs"), [fresh, live, old] = process.argv.slice(1);
    try { fs.renameSync(live, old); } catch (error) { if (error.code !== "ENOENT") throw error; }
    try { fs.renameSync(fresh, live); } catch (error) { if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error; }
  ' "$1" "$2" "$scratch/old"
}

bring_node() {
  need_npm "Node.js $node_version"
  say "bringing Node.js $node_version (once, about 60 MB)"
  make_scratch "$node_home" "set SLIPWAY_CACHE to a folder that can be written, or SLIPWAY_NODE to a Node.js 24 or later"
  cp "$root/scripts/node/package.json" "$root/scripts/node/package-lock.json" "$scratch/new/"
  run_npm_ci "$scratch/new" "Node.js $node_version"
  for node in "$scratch"/new/node_modules/node-*/bin/node; do
    is_fitting "$node" || fail 69 "npm brought no Node.js $node_version that runs here" 'check the network, or set SLIPWAY_NODE to a Node.js 24 or later'
  done
  rename "$scratch/new" "$node_home" "$node" 2>/dev/null || true
  drop_scratch
  find_cached_node || fail 69 "Node.js $node_version could not be put into $node_home" 'set SLIPWAY_CACHE to a folder that can be written'
}

# What a person installed with npm themselves is as good: npm writes its own record last.
npm_was_run() {
  [ -f "$root/node_modules/.package-lock.json" ] || return 1
  [ -n "$(find "$root/node_modules/.package-lock.json" -newer "$root/package-lock.json")" ] || return 1
  cp "$root/package-lock.json" "$root/node_modules/.slipway-lock" 2>/dev/null || true
}

bring_dependencies() {
  need_npm "Slipway's dependencies"
  say "installing dependencies (once for each package-lock.json)"
  make_scratch "$root/node_modules" "run slipway once as a user who may write to $root"
  cp "$root/package.json" "$root/package-lock.json" "$scratch/new/"
  run_npm_ci "$scratch/new" "Slipway's dependencies"
  cp "$root/package-lock.json" "$scratch/new/node_modules/.slipway-lock"
  rename "$scratch/new/node_modules" "$root/node_modules" "$node" || fail 77 "cannot put dependencies into $root/node_modules" "check who owns $root"
  drop_scratch
}

find_node
if ! cmp -s "$root/package-lock.json" "$root/node_modules/.slipway-lock" && ! npm_was_run; then bring_dependencies; fi
export NODE_COMPILE_CACHE="$cache/compile"
