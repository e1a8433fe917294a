# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The command line of tailscale, and the process behind it.

# Without tailscaled the command line would wait five seconds for it.
tailscale_cli() { [ -n "$(tailscale_daemons)" ] && [ -S "$TS_SOCKET" ] && timeout 10 tailscale --socket="$TS_SOCKET" "$@"; }

# The process IDs of the tailscaled of this allocation. With the driver exec, tasks may share the PID namespace of their client.
tailscale_daemons() {
    local pid
    for pid in $(pidof tailscaled); do
        ! cat "/proc/$pid/environ" 2>/dev/null | tr '\0' '\n' | grep -qx "NOMAD_ALLOC_ID=$NOMAD_ALLOC_ID" || echo "$pid"
    done
}
