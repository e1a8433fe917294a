# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The command line of tailscale.

# Without tailscaled the command line would wait five seconds for it.
tailscale_cli() { pidof tailscaled >/dev/null && [ -S "$TS_SOCKET" ] && timeout 10 tailscale --socket="$TS_SOCKET" "$@"; }
