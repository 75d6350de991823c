# shellcheck shell=bash
# What the tests need from the machine: client libraries to link against, and database servers of
# their own. For bash scripts to source, after `set -euo pipefail`:
#
#   services_install_libraries   libpq, the MariaDB client library and pkg-config, where missing
#   services_install_bundled     what the features *-bundled compile their C libraries with
#   services_install_node DIR    Node.js with npm, in DIR where the system's own is too old
#   services_start               servers, and UP_TEST_POSTGRES_URL, UP_TEST_MYSQL_URL and
#                                UP_TEST_REDIS_URL for them
#   services_stop                stops the servers and removes their files; call it from an EXIT trap
#
# A server whose URL is in the environment already is used as it is, neither installed nor started.

# Directory of the servers started here; empty while there are none.
services_dir=
services_postgres_bin=
services_mariadb_pid=
services_redis_pid=
services_apt_updated=

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# step NAME COMMAND…: announces, runs and times a command; ends the script when it fails.
step() {
    local name=$1 begin=$SECONDS status=0
    shift
    say "==> $name"
    "$@" || status=$?
    if ((status != 0)); then
        die "failed after $((SECONDS - begin)) s: $name"
    fi
    say "==> $((SECONDS - begin)) s: $name"
}

# program_path PROGRAM: its path from wherever one is; ends the script where there is none.
program_path() {
    [[ -f $1 && -x $1 ]] || die "no program: $1 (cargo build -p example_app -p acceptance makes it)"
    echo "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
}

# --- installation ---

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif [[ -t 0 ]]; then
        sudo "$@"
    else
        sudo --non-interactive "$@"
    fi
}

# install_packages WHAT PACKAGE…: Debian packages, with one line of explanation where that cannot be.
install_packages() {
    local what=$1 log
    shift
    command -v apt-get >/dev/null ||
        die "missing: $what. There is no apt-get to install it with: install it by hand."
    ((EUID == 0)) || command -v sudo >/dev/null ||
        die "missing: $what. Neither root nor sudo: install it by hand (apt-get install $*)."
    say "==> installing $what: $*"
    log=$(mktemp "${TMPDIR:-/tmp}/up-apt.XXXXXX")
    if [[ -z $services_apt_updated ]]; then
        # Another run may be at it: only of the later locks apt-get waits for its turn. Where this
        # fails otherwise the old lists may do, and the installation is the judge.
        for _ in {1..60}; do
            as_root apt-get update >"$log" 2>&1 && break
            grep -q 'Could not get lock' "$log" || break
            sleep 2
        done
        services_apt_updated=1
    fi
    # --no-remove: rather fail than take away what stands in the way, for example MySQL.
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
        install --yes --no-install-recommends --no-remove "$@" >>"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        die "missing: $what. apt-get could not install $*; its last lines are above."
    fi
    rm -f "$log"
}

services_install_libraries() {
    command -v pkg-config >/dev/null || install_packages "pkg-config" pkg-config
    pkg-config --exists libpq || install_packages "the PostgreSQL client library" libpq-dev
    pkg-config --exists mysqlclient || pkg-config --exists libmariadb ||
        install_packages "the MariaDB client library" libmariadb-dev
}

services_install_bundled() {
    command -v pkg-config >/dev/null || install_packages "pkg-config" pkg-config
    command -v c++ >/dev/null || install_packages "a C++ compiler" g++
    command -v cmake >/dev/null || install_packages "CMake" cmake
    pkg-config --exists openssl || install_packages "the OpenSSL headers" libssl-dev
}

# What the npm packages of the tests ask for.
node_suffices() {
    node -e '
        const [major, minor, patch] = process.versions.node.split(".").map(Number);
        process.exit(major > 20 || (major === 20 && (minor > 18 || (minor === 18 && patch >= 2))) ? 0 : 1);
    '
}

# need_node: ends the script where there is no Node.js to run the npm packages with.
need_node() {
    command -v node >/dev/null && command -v npm >/dev/null ||
        die "missing: Node.js with npm. See https://nodejs.org."
    node_suffices || die "Node.js $(node --version) is too old: 20.18.2 or newer is needed."
}

# Debian's Node.js may be too old for the packages; npm has newer ones as packages, too.
services_install_node() {
    local package
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        install_packages "Node.js" nodejs npm
    fi
    node_suffices && return
    package=node-linux-$(node -p process.arch)
    say "==> installing Node.js 22, for $(node --version) is too old: $package"
    npm install --prefix "$1" --no-save --no-audit --no-fund --loglevel=error "$package@22"
    PATH=$1/node_modules/$package/bin:$PATH
    need_node
}

# Sets services_postgres_bin to the directory of initdb and pg_ctl, the newest where there are several.
find_postgres() {
    local initdb
    while IFS= read -r initdb; do
        if [[ -x $initdb && -x ${initdb%/*}/pg_ctl ]]; then
            services_postgres_bin=${initdb%/*}
            return
        fi
    done < <(
        printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort --version-sort --reverse
        command -v initdb || true
        ! command -v pg_config >/dev/null || printf '%s/initdb\n' "$(pg_config --bindir)"
    )
    return 1
}

# Debian keeps servers in sbin, which is not on everybody's path.
find_mariadb() {
    PATH=$PATH:/usr/sbin:/usr/local/sbin
    command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null
}

# --- servers ---

# as USER COMMAND…: root hands over to USER, anybody else stays who they are. From a directory that
# every user may enter.
as() (
    local user=$1
    shift
    cd "$services_dir" || exit
    if ((EUID == 0)); then
        exec runuser -u "$user" -- "$@"
    fi
    exec "$@"
)

# Makes $services_dir/NAME, owned by USER where root makes it.
server_directory() {
    mkdir "$services_dir/$1"
    ((EUID != 0)) || chown "$2" "$services_dir/$1"
}

# Sets `port` to one that nobody listens on. Another process may still take it first: the servers try
# a few. Below 32768, where the ports of outgoing connections begin.
free_port() {
    port=$((20000 + RANDOM % 12768))
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        port=$((20000 + RANDOM % 12768))
    done
}

# server_failed NAME LOG: ends the script with the last lines of a log.
server_failed() {
    tail -n 20 "$2" >&2 || true
    die "$1 did not start; the last lines of its log are above."
}

start_postgres() {
    local port data log
    find_postgres || install_packages "the PostgreSQL server" postgresql
    find_postgres || die "missing: the PostgreSQL server (initdb and pg_ctl)."
    server_directory postgres postgres
    data=$services_dir/postgres/data
    log=$services_dir/postgres/log
    as postgres "$services_postgres_bin/initdb" --pgdata="$data" --username=up --auth=trust \
        --encoding=UTF8 --locale=C --no-sync >"$services_dir/initdb.log" 2>&1 ||
        server_failed PostgreSQL "$services_dir/initdb.log"
    # The data does not outlive the run, so nothing has to reach the disk.
    cat >>"$data/postgresql.conf" <<'CONF'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 4GB
CONF
    for _ in 1 2 3 4 5; do
        free_port
        if as postgres "$services_postgres_bin/pg_ctl" start --pgdata="$data" --log="$log" --wait \
            --timeout=60 --options="-p $port" >/dev/null 2>&1 </dev/null; then
            export UP_TEST_POSTGRES_URL=postgres://up@127.0.0.1:$port
            return
        fi
        grep -q 'Address already in use' "$log" || break
        rm -f "$log"
    done
    server_failed PostgreSQL "$log"
}

start_mariadb() {
    local port data log
    local -a user=()
    find_mariadb || install_packages "the MariaDB server" mariadb-server
    find_mariadb || die "missing: the MariaDB server (mariadbd and mariadb-install-db)."
    ((EUID != 0)) || user=(--user=mysql)
    server_directory mariadb mysql
    data=$services_dir/mariadb/data
    log=$services_dir/mariadb/log
    # TMPDIR is not everywhere one that the server's user may write to.
    # ${user[@]+…}: an empty array is an unset variable to bash before 4.4.
    (cd "$services_dir" && TMPDIR=$services_dir/mariadb mariadb-install-db --no-defaults ${user[@]+"${user[@]}"} --datadir="$data" \
        --auth-root-authentication-method=normal --skip-name-resolve --skip-test-db) \
        >"$services_dir/install-db.log" 2>&1 || server_failed MariaDB "$services_dir/install-db.log"
    cat >"$services_dir/mariadb/init.sql" <<'SQL'
CREATE USER IF NOT EXISTS up@'127.0.0.1' IDENTIFIED BY 'up';
GRANT ALL PRIVILEGES ON *.* TO up@'127.0.0.1' WITH GRANT OPTION;
SQL
    for _ in 1 2 3 4 5; do
        free_port
        : >"$log"
        TMPDIR=$services_dir/mariadb mariadbd --no-defaults ${user[@]+"${user[@]}"} --datadir="$data" \
            --bind-address=127.0.0.1 --port="$port" --socket="$services_dir/mariadb/sock" \
            --pid-file="$services_dir/mariadb/pid" --init-file="$services_dir/mariadb/init.sql" \
            --skip-name-resolve --character-set-server=utf8mb4 --max-connections=300 --skip-log-bin \
            --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --innodb-fast-shutdown=2 \
            >"$log" 2>&1 </dev/null &
        services_mariadb_pid=$!
        # Its own word that it is ready: on the port there might be somebody else's server.
        for _ in {1..600}; do
            if grep -q 'ready for connections' "$log"; then
                export UP_TEST_MYSQL_URL=mysql://up:up@127.0.0.1:$port
                return
            fi
            kill -0 "$services_mariadb_pid" 2>/dev/null || break
            sleep 0.1
        done
        stop_mariadb
        grep -q 'Address already in use' "$log" || break
    done
    server_failed MariaDB "$log"
}

start_redis() {
    local port log
    command -v redis-server >/dev/null || install_packages "the Redis server" redis-server
    command -v redis-server >/dev/null || die "missing: the Redis server (redis-server)."
    mkdir "$services_dir/redis"
    log=$services_dir/redis/log
    for _ in 1 2 3 4 5; do
        free_port
        : >"$log"
        redis-server --port "$port" --bind 127.0.0.1 --dir "$services_dir/redis" --save '' \
            --appendonly no --daemonize no >"$log" 2>&1 </dev/null &
        services_redis_pid=$!
        for _ in {1..300}; do
            if grep -q 'Ready to accept connections' "$log"; then
                export UP_TEST_REDIS_URL=redis://127.0.0.1:$port
                return
            fi
            kill -0 "$services_redis_pid" 2>/dev/null || break
            sleep 0.1
        done
        stop_redis
        grep -q 'Address already in use' "$log" || break
    done
    server_failed Redis "$log"
}

services_start() {
    local begin=$SECONDS
    if [[ -z ${UP_TEST_POSTGRES_URL:-} || -z ${UP_TEST_MYSQL_URL:-} ||
        -z ${UP_TEST_REDIS_URL:-} ]]; then
        services_dir=$(mktemp -d "${TMPDIR:-/tmp}/up-tests.XXXXXX")
        # mktemp lets nobody else in, but the servers run as users of their own.
        chmod 0711 "$services_dir"
        if ((EUID == 0)) && ! runuser -u nobody -- test -x "$services_dir"; then
            die "the servers' users cannot enter $services_dir: point TMPDIR to a directory that they can."
        fi
    fi
    [[ -n ${UP_TEST_POSTGRES_URL:-} ]] || start_postgres
    [[ -n ${UP_TEST_MYSQL_URL:-} ]] || start_mariadb
    [[ -n ${UP_TEST_REDIS_URL:-} ]] || start_redis
    say "==> $((SECONDS - begin)) s: servers at ${UP_TEST_POSTGRES_URL##*@} (PostgreSQL)," \
        "${UP_TEST_MYSQL_URL##*@} (MySQL or MariaDB) and ${UP_TEST_REDIS_URL##*@} (Redis)"
}

stop_postgres() {
    [[ -f $services_dir/postgres/data/postmaster.pid ]] || return 0
    as postgres "$services_postgres_bin/pg_ctl" stop --pgdata="$services_dir/postgres/data" \
        --mode=immediate --wait >/dev/null 2>&1 </dev/null || true
}

stop_mariadb() {
    [[ -n $services_mariadb_pid ]] || return 0
    kill "$services_mariadb_pid" 2>/dev/null || true
    for _ in {1..100}; do
        kill -0 "$services_mariadb_pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$services_mariadb_pid" 2>/dev/null || true
    wait "$services_mariadb_pid" 2>/dev/null || true
    services_mariadb_pid=
}

stop_redis() {
    [[ -n $services_redis_pid ]] || return 0
    # Nothing of it is kept, so there is nothing to wait for.
    kill -KILL "$services_redis_pid" 2>/dev/null || true
    wait "$services_redis_pid" 2>/dev/null || true
    services_redis_pid=
}

services_stop() {
    [[ -n $services_dir ]] || return 0
    stop_postgres
    stop_mariadb
    stop_redis
    # A server that was interrupted while it was being set up may still write for a moment.
    for _ in {1..50}; do
        rm -rf "$services_dir" 2>/dev/null && break
        sleep 0.1
    done
    services_dir=
}
