#!/bin/sh
# Runs the main commands against the built-in simulator: apply, a second plan without changes, a changed plan, destroy.
set -eu
cd "$(dirname "$0")/.."
project=examples/quickstart

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
run() { printf '\033[2m$ novita-infra %s\033[0m\n' "$*"; novita-infra "$@"; }
[ -t 1 ] || say() { printf '\n== %s\n' "$*"; }
[ -t 1 ] || run() { printf '$ novita-infra %s\n' "$*"; novita-infra "$@"; }

# The demo starts with an empty account and no state.
novita-infra sim reset "$project" >/dev/null
rm -f "$project"/state/default.json* "$project"/state/default.journal*

say "Apply: two GPU instances, a storage, a network, a prewarmed image and an endpoint, in the order of their dependencies"
run apply "$project" --sim --auto-approve

say "Plan again: no changes"
run plan "$project" --sim --detailed-exitcode

say "Plan a change and its cost: the disk grows in place, and no instance restarts"
run plan "$project" --sim --var diskGb=120

say "Destroy everything, the data on the storage included: that must be allowed"
run destroy "$project" --sim --auto-approve --allow-data-loss 'network_storage.*'
