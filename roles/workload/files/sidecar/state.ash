# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The variables that the functions of the sidecar share, and the functions that several files use.

sidecar_run_dir=$NOMAD_TASK_DIR/run
sidecar_serve_wanted=$NOMAD_SECRETS_DIR/serve_config.json
# Copy of the wanted serve configuration that the sidecar processed last.
sidecar_serve_pushed=$NOMAD_SECRETS_DIR/.serve_config.pushed
sidecar_boot_id=$(cat /proc/sys/kernel/random/boot_id)
sidecar_netns=$(readlink /proc/self/ns/net)
# The filter of containerboot's log writes these two files: the control server's answer to a failed login, and that the node's key
# has expired.
sidecar_login_error=/tmp/login_error
sidecar_key_expired=/tmp/key_expired
sidecar_log=/tmp/containerboot.log

# Process ID of containerboot; empty while it does not run.
sidecar_boot_pid=
# Seconds until containerboot is started again after it ended.
sidecar_backoff=1
# `tailscale status --json` without peers, as status_refresh read it last; and whether the node ever logged in.
sidecar_status=
sidecar_joined=false
# The name that the node asks for, and the full name that the control server gave to it.
sidecar_node_name=
sidecar_dns_name=
# When the node asks for its name again (seconds since 1970), and how long it waits between two requests.
sidecar_reclaim_at=
sidecar_reclaim_wait=5
# When the node was observed last, in seconds since boot.
sidecar_observed=0
# Which node was last said to hold the name, and whether the task was told to stop while the node logged in once more.
sidecar_reclaim_told=
sidecar_told_to_stop=false
# Whether the node has been ready, the reason that was logged last, and for how many more seconds the node is observed every second.
sidecar_was_ready=false
sidecar_told=
sidecar_settling=0
# When tailscaled was started or answered last, in seconds since boot.
sidecar_answered=0
# Whether the job has verified egress, and so the guard.
sidecar_guarded=false

# A log that nobody reads must not hold up the sidecar.
sidecar_say() { timeout 1 echo "sidecar: $1"; }

# Prints the seconds since boot. Unlike the time of day, they are never set.
sidecar_uptime() {
    local seconds
    IFS=. read -r seconds _ </proc/uptime
    echo "$seconds"
}

# Prints where this process runs, as JSON.
sidecar_place() { printf '{"boot_id": "%s", "netns": "%s"}\n' "$sidecar_boot_id" "$sidecar_netns"; }

# Only a sleep in the background lets a signal through at once.
sidecar_pause() { # seconds
    sleep "$1" &
    wait $!
}

# After a change the node is observed every second.
sidecar_observe_for() { sidecar_settling=$1; } # seconds
