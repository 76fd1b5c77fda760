# Postgres and RabbitMQ for the tests: sourced by tests/run. Sets RINGBACK_TEST_POSTGRES_URL and RINGBACK_TEST_AMQP_URL.
#
# Each is, in this order: the one named by the environment; the one on the usual local port; a private one started from installed
# binaries; the same after installing Debian's package, when root. Where none of these works it says what is missing and fails.

private_dir=""

# A private server ends with the script.
stop_private_services() {
    [ -n "$private_dir" ] || return 0
    if [ -f "$private_dir/postgres/postmaster.pid" ]; then
        as postgres "$(postgres_bin)/pg_ctl" -D "$private_dir/postgres" -m immediate stop >/dev/null 2>&1 || true
    fi
    if [ -f "$private_dir/rabbitmq/pid" ]; then
        kill "$(cat "$private_dir/rabbitmq/pid")" 2>/dev/null || true
    fi
    rm -rf "$private_dir"
}

missing() {
    echo "tests/run: $1" >&2
    exit 1
}

say() { echo "tests/run: $1"; }

# Runs a command as an unprivileged user when we are root: neither server runs as root.
as() {
    local user=$1
    shift
    if [ "$(id -u)" = 0 ]; then runuser -u "$user" --preserve-environment -- "$@"; else "$@"; fi
}

make_private_dir() {
    [ -n "$private_dir" ] && return 0
    private_dir=$(mktemp -d)
    chmod 755 "$private_dir"
}

install_package() {
    [ "$(id -u)" = 0 ] || missing "$1 is not installed, and only root can install it: apt-get install $1"
    command -v apt-get >/dev/null || missing "$1 is not installed, and there is no apt-get to install it with"
    say "installing $1"
    apt-get update -qq >/dev/null 2>&1 || true
    # The package's own service must not start: it would take the usual port with the usual data.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null 2>&1 ||
        missing "apt-get install $1 failed"
}

# Does something answer on this host and port?
port_answers() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# host and port out of a URL.
url_host() { echo "$1" | sed -E 's#^[a-z]+://([^@/]*@)?([^:/]+).*#\2#'; }
url_port() { local port; port=$(echo "$1" | sed -nE 's#^[a-z]+://([^@/]*@)?[^:/]+:([0-9]+).*#\2#p'); echo "${port:-$2}"; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null || echo $((20000 + RANDOM % 20000)); }

postgres_bin() { find /usr/lib/postgresql/*/bin -maxdepth 0 2>/dev/null | sort -V | tail -1; }

# Says the start-up message of the protocol and wants an answer that a Postgres gives: R (authentication) or E (error).
speaks_postgres() {
    local answer
    answer=$(
        exec 3<>"/dev/tcp/$1/$2" || exit 1
        printf '\0\0\0\x16\0\x03\0\0user\0postgres\0\0' >&3
        timeout 3 head -c 1 <&3
    ) 2>/dev/null
    [ "$answer" = R ] || [ "$answer" = E ]
}

# Says AMQP 0-9-1's protocol header and wants a method frame (type 1) back.
speaks_amqp() {
    local answer
    answer=$(
        exec 3<>"/dev/tcp/$1/$2" || exit 1
        printf 'AMQP\0\0\x09\x01' >&3
        timeout 3 head -c 1 <&3 | od -An -tu1
    ) 2>/dev/null
    [ "$(echo "$answer" | tr -d ' ')" = 1 ]
}

# The servers' programs, for the tests that start servers of their own.
ensure_installed() {
    [ -n "$(postgres_bin)" ] || install_package postgresql
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || install_package rabbitmq-server
    command -v strace >/dev/null || install_package strace
    ensure_chromium
}

# The browser in which pages are looked at: the one that is named, or the one that is installed; and letters for it to show.
ensure_chromium() {
    if [ -n "${RINGBACK_TEST_CHROMIUM:-}" ]; then
        command -v "$RINGBACK_TEST_CHROMIUM" >/dev/null || missing "RINGBACK_TEST_CHROMIUM names no program"
        return
    fi
    command -v chromium >/dev/null || install_package chromium
    command -v chromium >/dev/null || missing "chromium is installed, but there is no command of that name"
    [ -d /usr/share/fonts/truetype/dejavu ] || [ "$(id -u)" != 0 ] || install_package fonts-dejavu-core
}

ensure_postgres() {
    if [ -n "${RINGBACK_TEST_POSTGRES_URL:-}" ]; then
        speaks_postgres "$(url_host "$RINGBACK_TEST_POSTGRES_URL")" "$(url_port "$RINGBACK_TEST_POSTGRES_URL" 5432)" ||
            missing "no Postgres answers at RINGBACK_TEST_POSTGRES_URL"
        return
    fi
    if port_answers 127.0.0.1 5432 && speaks_postgres 127.0.0.1 5432; then
        export RINGBACK_TEST_POSTGRES_URL=postgres://postgres@127.0.0.1:5432/postgres
        return
    fi
    [ -n "$(postgres_bin)" ] || install_package postgresql
    local bin port
    bin=$(postgres_bin)
    [ -n "$bin" ] || missing "Postgres is installed, but its server is not under /usr/lib/postgresql"
    make_private_dir
    port=$(free_port)
    mkdir -p "$private_dir/postgres"
    [ "$(id -u)" != 0 ] || chown postgres "$private_dir/postgres"
    as postgres "$bin/initdb" -D "$private_dir/postgres" -A trust -U postgres >/dev/null || missing "initdb failed"
    as postgres "$bin/pg_ctl" -D "$private_dir/postgres" -l "$private_dir/postgres/log" -w \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$private_dir/postgres" start >/dev/null ||
        missing "the private Postgres did not start"
    export RINGBACK_TEST_POSTGRES_URL=postgres://postgres@127.0.0.1:$port/postgres
}

ensure_rabbitmq() {
    if [ -n "${RINGBACK_TEST_AMQP_URL:-}" ]; then
        speaks_amqp "$(url_host "$RINGBACK_TEST_AMQP_URL")" "$(url_port "$RINGBACK_TEST_AMQP_URL" 5672)" ||
            missing "no RabbitMQ answers at RINGBACK_TEST_AMQP_URL"
        return
    fi
    if port_answers 127.0.0.1 5672 && speaks_amqp 127.0.0.1 5672; then
        export RINGBACK_TEST_AMQP_URL=amqp://guest:guest@127.0.0.1:5672/%2f
        return
    fi
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || install_package rabbitmq-server
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing "RabbitMQ is installed, but /usr/lib/rabbitmq/bin/rabbitmq-server is not there"
    make_private_dir
    local dir=$private_dir/rabbitmq port
    port=$(free_port)
    mkdir -p "$dir/home" "$dir/mnesia" "$dir/log"
    : >"$dir/enabled_plugins"
    echo '[].' >"$dir/enabled_plugins"
    printf 'listeners.tcp.default = 127.0.0.1:%s\n' "$port" >"$dir/rabbitmq.conf"
    [ "$(id -u)" != 0 ] || chown -R rabbitmq "$dir"
    (
        # Detached from this script: RabbitMQ's start script waits for its node.
        export HOME=$dir/home RABBITMQ_NODENAME="ringback-test-$$@localhost" RABBITMQ_NODE_PORT=$port \
            RABBITMQ_DIST_PORT=$(free_port) ERL_EPMD_PORT=$(free_port) RABBITMQ_MNESIA_BASE=$dir/mnesia \
            RABBITMQ_LOG_BASE=$dir/log RABBITMQ_PID_FILE=$dir/pid RABBITMQ_CONFIG_FILE=$dir/rabbitmq \
            RABBITMQ_ENABLED_PLUGINS_FILE=$dir/enabled_plugins
        cd "$dir"
        as rabbitmq setsid /usr/lib/rabbitmq/bin/rabbitmq-server </dev/null >"$dir/log/out" 2>&1 &
    )
    local tries
    for tries in $(seq 1 120); do
        if port_answers 127.0.0.1 "$port" && speaks_amqp 127.0.0.1 "$port"; then
            export RINGBACK_TEST_AMQP_URL=amqp://guest:guest@127.0.0.1:$port/%2f
            return
        fi
        sleep 0.5
    done
    tail -20 "$dir/log/out" >&2 || true
    missing "the private RabbitMQ did not start"
}
