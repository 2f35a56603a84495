#!/bin/sh
# The main job, start to end, against the built-in simulator: apply, an empty second plan, an edit, and away with it all.
set -eu
cd "$(dirname "$0")/.."
project=examples/quickstart

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
run() { printf '\033[2m$ novita-infra %s\033[0m\n' "$*"; novita-infra "$@"; }
[ -t 1 ] || say() { printf '\n== %s\n' "$*"; }
[ -t 1 ] || run() { printf '$ novita-infra %s\n' "$*"; novita-infra "$@"; }

# A demo begins with an empty account and empty books.
novita-infra sim reset "$project" >/dev/null
rm -f "$project"/state/default.json*  "$project"/state/default.journal

say "Two GPU machines, a storage, a network, a prewarmed image and an endpoint, in the order of what needs what"
run apply "$project" --sim --auto-approve

say "A second plan is empty: what is declared is what is there"
run plan "$project" --sim --detailed-exitcode

say "What a change costs is told before it is made: the disk grows in place, no machine restarts"
run plan "$project" --sim --var diskGb=120

say "And away with it all, the data on the storage too: that must be said"
run destroy "$project" --sim --auto-approve --allow-data-loss 'network_storage.*'
