# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The status of the node, as tailscaled reports it.

# Prints the status of the node, without its peers, in one layout. 1: tailscaled does not answer, 2: the answer cannot be read.
# With a login address in a status, a reader of the status can add a node: the address does not leave the sidecar.
status_read() {
    local text
    text=$(tailscale_cli status --json --peers=false 2>/dev/null) && [ -n "$text" ] || return 1
    text=$(printf '%s\n' "$text" | status_layout) || return 2
    printf '%s\n' "$text" | grep -q '^  "BackendState": "' || return 2
    printf '%s\n' "$text" | sed -E 's#https?:[^ "]*/(a|register)\\?/[^ "]*##g; s#"AuthURL": ".*"#"AuthURL": ""#'
}

# Reads a JSON document of any layout, and prints it as `tailscale` prints it today: one value on each line, and two blanks for each
# level. All functions that read a document depend on that. Fails when the input is not one JSON object.
status_layout() {
    sed -E 's/"([^"\\]|\\.)*"|[][{},:]/\n&\n/g' | awk '
        function begin_line() { print blanks text; text = ""; blanks = sprintf("%" depth * 2 "s", "") }
        function add_value() {
            if (wanted != "value" && !(wanted == "first" && kind[depth] == "[")) exit
            if (kind[depth] == "[") begin_line()
            wanted = "comma"
        }
        { gsub(/^[ \t\r]+|[ \t\r]+$/, ""); string = $0 ~ /^"([^"\\[:cntrl:]]|\\.)*"$/ }
        $0 == "" { next }
        depth == 0 && (opened || $0 != "{") { opened = 0; exit }
        $0 == "{" || $0 == "[" {
            if (depth) add_value()
            opened = 1
            kind[++depth] = $0
            wanted = "first"
            text = text $0
            next
        }
        $0 == "}" || $0 == "]" {
            if (kind[depth] != ($0 == "}" ? "{" : "[") || (wanted != "first" && wanted != "comma")) exit
            depth--
            if (wanted != "first") begin_line()
            text = text $0
            wanted = "comma"
            next
        }
        $0 == "," {
            if (wanted != "comma") exit
            text = text ","
            wanted = kind[depth] == "{" ? "key" : "value"
            next
        }
        $0 == ":" {
            if (wanted != "colon") exit
            text = text ": "
            wanted = "value"
            next
        }
        string && (wanted == "key" || (wanted == "first" && kind[depth] == "{")) {
            begin_line()
            text = $0
            wanted = "colon"
            next
        }
        string || /^(true|false|null|-?[0-9][0-9.eE+-]*)$/ { add_value(); text = text $0; next }
        { exit }
        END { if (depth || !opened) exit 1; print text }
    '
}

# A file next to the node's state records that the node logged in: a restarted sidecar still has to log the node out.
status_refresh() {
    sidecar_status=$(status_read)
    [ $? != 2 ] || [ "$sidecar_was_ready" = true ] || status_refuse
    case $sidecar_status in
        *'"HaveNodeKey": true'*) touch "$TS_STATE_DIR/joined" ;;
    esac
    sidecar_joined=false
    [ ! -e "$TS_STATE_DIR/joined" ] || sidecar_joined=true
}

# What the firewall and the evidence need is in the status. A node that was ready keeps running, and its evidence shows the problem.
status_refuse() {
    local why='the status that tailscale prints cannot be read: use a version of tailscale that this collection was tested with'
    [ "$sidecar_guarded" = false ] || guard_stop 45 "$why"
    sidecar_say "$why"
    evidence_write failed "$why"
    exit 1
}

# The first string of that name in the status.
status_field() { printf '%s\n' "$sidecar_status" | sed -n "s/^ *\"$1\": \"\(.*\)\",*\$/\1/p" | head -n 1; } # name
