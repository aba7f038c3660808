#!/bin/sh
# start.sh api|ui|COMMAND…: start one of the two programs in a container, or any command.
#
# Inside a container an address others can reach is the only one of use, and the API wants a key there. Unless one is
# given, it is drawn once and kept in the shared folder, where the UI finds it.
set -eu

role=${1:-api}
home=${MOVIEREC_HOME:-/data}
key_file=$home/api.key

say() { echo "start: $*" >&2; }

case $role in
api | ui) echo "$role" >"${MOVIEREC_ROLE_FILE:-/tmp/movierec-role}" ;;
*) exec "$@" ;;
esac
shift

if [ "$role" = api ]; then
    if [ -z "${MOVIEREC_API_KEY:-}" ] && [ ! -s "$key_file" ]; then
        say "drawing an API key into $key_file"
        (umask 077 && python -c 'import secrets; print(secrets.token_urlsafe(32))' >"$key_file.new")
        mv "$key_file.new" "$key_file"
    fi
    if [ ! -e "$home/bundles/CURRENT" ]; then
        say "no bundle in $home: building one from ${MOVIEREC_DATASET:-sample}, which takes some minutes"
        movierec build --dataset "${MOVIEREC_DATASET:-sample}" --home "$home"
    fi
fi
if [ -z "${MOVIEREC_API_KEY:-}" ] && [ -s "$key_file" ]; then
    MOVIEREC_API_KEY=$(cat "$key_file")
    export MOVIEREC_API_KEY
fi
if [ "$role" = api ]; then
    MOVIEREC_HOST=${MOVIEREC_HOST:-0.0.0.0}
    export MOVIEREC_HOST
    exec python -m app.server "$@"
fi
exec python scripts/run_ui.py --server.address "${MOVIEREC_HOST:-0.0.0.0}" "$@"
