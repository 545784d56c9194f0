#!/bin/sh
# Installs the dependencies, and with them Node 24, when they are missing or older than package-lock.json.
# Runs under any POSIX shell; needs npm 10 or newer and no particular Node. Prints to stderr alone.
set -eu
cd "$(dirname "$0")/.."

# npm writes this file at the end of every installation.
installed=node_modules/.package-lock.json

say() { printf 'lb: %s\n' "$*" >&2; }

install() {
  command -v npm >/dev/null 2>&1 || {
    say 'npm is not installed. Install Node.js (any version from 20 on) with npm, then try again.'
    exit 1
  }
  # The tools that build lb are development dependencies: NODE_ENV=production must not leave them out.
  npm "$@" --include=dev --include=optional --no-audit --no-fund --loglevel=error >&2 || {
    say "npm $1 failed; its messages are above."
    exit 1
  }
}

if [ ! -f "$installed" ]; then
  say 'installing dependencies and Node 24 (npm ci, once, about half a minute)'
  install ci
elif [ -n "$(find package-lock.json -newer "$installed")" ]; then
  say 'dependencies have changed: bringing node_modules up to date'
  install install --no-save
  touch "$installed"
fi

if [ ! -x node_modules/.bin/node ]; then
  case $(node --version 2>/dev/null || echo none) in
    v24.*) ;;
    *)
      say "Node 24 is needed and npm has no package of it for $(uname -s) $(uname -m): install Node 24, then try again."
      exit 1
      ;;
  esac
fi
