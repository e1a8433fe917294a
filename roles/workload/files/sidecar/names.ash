# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The name of the node.

# A canary has its own name until its release has the name of the service.
names_wanted() {
    if [ -s "$NOMAD_SECRETS_DIR/release" ] && [ "$(cat "$NOMAD_SECRETS_DIR/release")" != "$SIDECAR_RELEASE" ]; then
        echo "$TS_HOSTNAME-canary"
    else
        echo "$TS_HOSTNAME"
    fi
}

# Gives the node the wanted name when that has changed.
names_take() {
    local new_name
    [ -s "$NOMAD_SECRETS_DIR/release" ] || return 0
    new_name=$(names_wanted)
    [ "$new_name" != "$sidecar_node_name" ] || return 0
    sidecar_say "the name is $new_name now"
    sidecar_node_name=$new_name
    if [ "$SIDECAR_EPHEMERAL" = true ]; then
        sidecar_reclaim_at=0
        sidecar_reclaim_wait=5
    else
        tailscale_cli set --hostname="$sidecar_node_name"
    fi
    sidecar_observe_for 5
}

# A control server gives the name only at a login. While another node has the name (often a node of this job that was killed and is
# not deleted yet), this node logs in once more from time to time: eleven times in about three hours. A kept node is not given up for
# a name, nor is a node whose proxy would be open in the meantime.
names_reclaim() {
    local now
    [ "$SIDECAR_EPHEMERAL" = true ] || return 0
    [ "$sidecar_guarded" = false ] || [ "$GUARD_LEVEL" != monitored ] || return 0
    case $sidecar_dns_name in
        '' | "$sidecar_node_name" | "$sidecar_node_name".*) sidecar_reclaim_at='' && sidecar_reclaim_wait=5 && return 0 ;;
    esac
    [ "$sidecar_reclaim_wait" -le 5120 ] || return 0
    now=$(date +%s)
    [ -n "$sidecar_reclaim_at" ] || sidecar_reclaim_at=$((now + sidecar_reclaim_wait))
    [ "$now" -ge "$sidecar_reclaim_at" ] || return 0
    sidecar_reclaim_at=
    names_may_be_free || return 0
    sidecar_reclaim_wait=$((sidecar_reclaim_wait * 2))
    names_log_in_again
}

# Whether a login may give the name, as far as this node can see: it sees the nodes that the policy connects with it. One that is
# offline has its name, too, until the control server deletes it. While the control server is away, tailscaled could not start again.
names_may_be_free() {
    local holder=
    printf '%s\n' "$sidecar_status" | grep -Eq '"Online":[[:space:]]*true' || return 1
    if tailscale_cli status --json 2>/dev/null | grep -Eq "\"DNSName\":[[:space:]]*\"$sidecar_node_name\\."; then
        holder="called $sidecar_dns_name, because a node of this tailnet is called $sidecar_node_name"
        [ "$holder" = "$sidecar_reclaim_told" ] || sidecar_say "$holder"
    fi
    sidecar_reclaim_told=$holder
    [ -z "$holder" ]
}

# Logs in under the name, with another state. The login that the node has is given up only for the name. When the control server gives
# another name, or refuses the login (the key may have expired since), the node goes on with the login that it has.
names_log_in_again() {
    local held="$sidecar_dns_name" host kept="$TS_STATE_DIR" why
    sidecar_say "called $held and not $sidecar_node_name: logging in once more for that name"
    host=$(status_field HostName)
    [ "$sidecar_guarded" = false ] || guard_forget
    sidecar_status=
    evidence_write degraded "the node logs in once more for the name $sidecar_node_name"
    sidecar_told_to_stop=false
    trap 'sidecar_told_to_stop=true' TERM INT
    rm -rf "$kept.new" "$kept.old"
    names_start "$kept.new" "$sidecar_node_name"
    names_await_login
    why=$(names_problem)
    if [ -z "$why" ]; then
        host=$sidecar_node_name
        containerboot_stop
        mv "$kept" "$kept.old" && mv "$kept.new" "$kept"
        names_start "$kept.old" "$host"
    fi
    [ "$sidecar_joined" = false ] || containerboot_log_out
    containerboot_stop
    rm -rf "$TS_STATE_DIR"
    names_start "$kept" "$host"
    if [ -z "$why" ]; then
        sidecar_say "called $sidecar_dns_name now"
    elif [ "$sidecar_reclaim_wait" -le 5120 ]; then
        sidecar_say "$why: still called $held"
    else
        sidecar_say "$why: called $held from now on"
    fi
    trap sidecar_terminate TERM INT
    [ "$sidecar_told_to_stop" = false ] || sidecar_terminate
}

names_start() { # directory of the state, host name
    TS_STATE_DIR=$1
    mkdir -p "$TS_STATE_DIR"
    containerboot_start "$2"
}

# Waits for a login that was just begun; for ten seconds, because nobody reaches the app meanwhile.
names_await_login() {
    local end
    end=$(($(sidecar_uptime) + 10))
    sidecar_dns_name=
    sidecar_joined=false
    while [ "$(sidecar_uptime)" -lt "$end" ] && [ "$sidecar_told_to_stop" = false ] && kill -0 "$sidecar_boot_pid" 2>/dev/null; do
        sidecar_pause 0.5
        status_refresh
        [ "$(status_field BackendState)" = Running ] || continue
        sidecar_dns_name=$(status_field DNSName | sed 's/\.$//')
        return
    done
}

# Prints why the login did not give the name, or nothing.
names_problem() {
    case $sidecar_dns_name in
        "$sidecar_node_name" | "$sidecar_node_name".*) ;;
        '') [ -s "$sidecar_login_error" ] && containerboot_login_error || echo 'the login did not succeed within 10 s' ;;
        *) echo "another node holds $sidecar_node_name" ;;
    esac
}
