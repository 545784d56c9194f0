#!/bin/sh
# Builds dist/ from the sources. The time of dist/.built is the time at which the build began reading them, so that
# `find -newer` tells whether it is still good. Arguments go to rolldown.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH
export PATH

mkdir -p dist
rm -f dist/.built
: >dist/.building
rolldown --config rolldown.config.ts --configLoader native "$@"
# What an earlier build left behind.
find dist -type f ! -name .building ! -newer dist/.building -exec rm -f {} +
mv dist/.building dist/.built
# Made ahead of the first start that needs it, where there is a C compiler; everything else works without it.
node native-bindings/build.ts >/dev/null 2>&1 || :
