# shellcheck shell=bash
# An example_app of a test's own, over SQLite. For bash scripts to source, after lib.sh:
#
#   app_start PROGRAM DIRECTORY [NAME=VALUE...]
#                                 starts it on a free port of 127.0.0.1, with these settings beside the
#                                 usual ones, and sets app_url; its files and its log (DIRECTORY/log) are
#                                 in DIRECTORY
#   app_stop                      stops it; call it from an EXIT trap
#
# Its administrator is admin with the password AdminPass1.

app_pid=
app_url=

app_stop() {
    [[ -n $app_pid ]] || return 0
    kill "$app_pid" 2>/dev/null || true
    for _ in {1..100}; do
        kill -0 "$app_pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$app_pid" 2>/dev/null || true
    wait "$app_pid" 2>/dev/null || true
    app_pid=
}

# The settings are the run's own: what the caller's environment says of the server stays outside.
app_run() {
    cd "$2"
    unset "${!UP_@}" APP_ENV PUBLIC_URL
    export HOST=127.0.0.1 PORT=$port DATABASE_URL=sqlite://$2/app.db
    export JWT_SECRET=a-secret-of-the-tests-only-0123456789
    export UP_ADMIN_EMAIL=admin@example.com UP_ADMIN_USERNAME=admin UP_ADMIN_PASSWORD=AdminPass1
    export UP_PASSWORD_POLICY=strapi UP_INITIAL_GRANTS=true
    # The tests are about the wire: neither how long hashing takes nor how often one may try.
    export UP_BCRYPT_COST=4 UP_RATELIMIT='{"enabled":false}'
    (($# < 3)) || export "${@:3}"
    exec "$1"
}

# Does GET /health answer 200?
app_healthy() (
    exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
    printf 'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
    read -r -t 5 _ status _ <&3 && [[ $status == 200 ]]
)

app_start() {
    local port log=$2/log
    for _ in 1 2 3 4 5; do
        free_port
        app_run "$@" >"$log" 2>&1 </dev/null &
        app_pid=$!
        for _ in {1..600}; do
            # Its own word first: on the port there might be somebody else's server.
            if grep -q '^listening on ' "$log" && app_healthy; then
                # shellcheck disable=SC2034 # for the script that sources this
                app_url=http://127.0.0.1:$port
                return
            fi
            kill -0 "$app_pid" 2>/dev/null || break
            sleep 0.1
        done
        app_stop
        grep -q 'Address already in use' "$log" || break
    done
    server_failed example_app "$log"
}
