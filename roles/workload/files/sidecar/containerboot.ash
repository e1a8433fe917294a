# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The process containerboot, which starts tailscaled and logs the node in.

containerboot_start() { # host name; by default the name that the node asks for
    containerboot_stop
    rm -f "$TS_SOCKET" /var/run/tailscale/tailscaled.sock "$TS_SERVE_CONFIG" "$sidecar_log" "$sidecar_login_error"
    mkfifo "$sidecar_log"
    containerboot_filter_log <"$sidecar_log" &
    TS_HOSTNAME=$([ -n "$*" ] && echo "$*" || echo "$sidecar_node_name") containerboot >"$sidecar_log" 2>&1 &
    sidecar_boot_pid=$!
    sidecar_answered=$(sidecar_uptime)
    sidecar_observe_for 5
}

# Ends containerboot and tailscaled at once, without a logout. Until the old tailscaled is gone, it holds its interface and its ports,
# and the next one would end at once.
containerboot_stop() {
    local pid tries=0
    if [ -n "$sidecar_boot_pid" ]; then
        kill -KILL "$sidecar_boot_pid" 2>/dev/null
        wait "$sidecar_boot_pid"
        sidecar_boot_pid=
    fi
    for pid in $(tailscale_daemons); do
        kill -KILL "$pid"
    done
    while [ -n "$(tailscale_daemons)" ] && [ "$tries" -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
}

# Withholds login addresses, and keeps the control server's answer to a login: nothing else shows why a login failed, or that the
# node's key has expired. This is no awk, because the one of a client may hold back what it prints (mawk), and with the driver exec the
# programs are those of the client.
containerboot_filter_log() {
    local line
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
            *://*/a/* | *://*/register/*)
                line=$(printf '%s\n' "$line" | sed -E 's,https?://[^ ]*/(a|register)/[^ ]*,(login address withheld),g')
                ;;
        esac
        printf '%s\n' "$line" >&2
        case $line in
            'backend error: '* | 'failed to exchange JWT for access token: '* | 'unexpected error while creating authkey: '*)
                printf '%s\n' "$line" | sed 's/^[^:]*: //' >"$sidecar_login_error"
                ;;
            *'control: server reports new node key '*' has expired'*) : >"$sidecar_key_expired" ;;
        esac
    done
}

# The control server's answer to a login that failed.
containerboot_login_error() { echo "the login failed: $(tr -d '\\"[:cntrl:]' <"$sidecar_login_error")"; }

# Logs the node out, also in the middle of a restart: only a running tailscaled can log out. A running containerboot would kill
# tailscaled in the middle of the logout, as soon as the state is no longer Running.
containerboot_log_out() {
    local tries=0
    { [ -n "$sidecar_boot_pid" ] && kill -0 "$sidecar_boot_pid" 2>/dev/null; } || containerboot_start
    until { [ -n "$(tailscale_daemons)" ] && [ -S "$TS_SOCKET" ]; } || [ "$tries" -ge 20 ]; do
        tries=$((tries + 1))
        sleep 0.5
    done
    kill -STOP "$sidecar_boot_pid"
    tailscale_cli logout
}

# Nomad's restart policy judges a first login that fails; a node that has been ready is restarted here, in place.
containerboot_ended() {
    local why
    wait "$sidecar_boot_pid"
    why="containerboot ended with exit code $?"
    sidecar_boot_pid=
    [ ! -s "$sidecar_login_error" ] || why=$(containerboot_login_error)
    [ "$sidecar_guarded" = false ] || guard_stop 44 "$why"
    sidecar_say "$why"
    status_refresh
    rm -f "$SIDECAR_GATE_DIR/ready"
    if [ "$sidecar_was_ready" = false ]; then
        evidence_write failed "$why"
        exit 1
    fi
    evidence_write degraded "$why; next start in $sidecar_backoff s"
    sidecar_pause "$sidecar_backoff"
    # Less than the age at which evidence is stale.
    sidecar_backoff=$((sidecar_backoff < 16 ? sidecar_backoff * 2 : 20))
    containerboot_start
}

# The app may outlive the sidecar for a moment, and without its exit node tailscaled would open direct connections for the app.
containerboot_close_proxies() {
    unset TS_OUTBOUND_HTTP_PROXY_LISTEN TS_SOCKS5_SERVER
    containerboot_start
}
