# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results as JSON, as a table and a plot, and as a page of the documentation."""

from __future__ import annotations

import typing as t
from html import escape

Json = dict[str, t.Any]
# Key, what it is, and the limit that the project sets itself.
RATIOS = (
    ("job_noop_ratio", "unchanged job: notailcar.nomad.job over community.general.nomad_job", 0.10),
    ("role_noop_ratio_50", "unchanged service: whole role over one bare community.general.nomad_job, at 50", 0.75),
    ("scale_200_over_20", "time per service: 200 services over 20", 1.2),
    ("memory_200_over_20", "peak memory of the controller: 200 services over 20", 1.2),
    ("run_latency_ratio", "changed job until it is successful: the task over nomad job run", 1.1),
    ("success_lag_s", "seconds from the server's decision to the end of the task", 0.5),
    ("egress_stop_s", "monitored worker: seconds from the leak to the end of the app", 5),
    ("egress_fallback_s", "locked worker: seconds from the end of its exit node to the app's first request by another one", 15),
    ("guard_cpu_percent", "guard of a locked worker: percent of a core beyond tailscaled and containerboot", 1),
    ("guard_memory_mib", "guard of a locked worker: MiB beyond tailscaled and containerboot", 5),
)
LEAKS = ("isolated", "locked", "monitored")
DETAILS = (
    ("job_noop_s", "job_noop_peer_s", "unchanged job, s"),
    ("role_noop_s", "role_noop_peer_s", "unchanged service (role), s"),
    ("run_latency_s", "run_latency_peer_s", "changed job until successful, s"),
)
ROW, LEFT, FULL = 34, 430, 260


def table(results: Json) -> str:
    """Return the ratios as a Markdown table."""
    lines = ["| what | measured | limit |", "|---|---|---|"]
    lines += [f"| {words} | {results[key]:.3f} | {limit} |" for key, words, limit in RATIOS if key in results]
    return "\n".join(lines)


def details(results: Json) -> str:
    """Return the medians behind the ratios."""
    lines = ["| what | this collection | peer |", "|---|---|---|"]
    lines += [f"| {words} | {results[ours]:.3f} | {results[peer]:.3f} |" for ours, peer, words in DETAILS if ours in results]
    return "\n".join(lines)


def leaks(results: Json) -> str:
    """Return how many requests left directly, state by state."""
    found = results["rounds"]["egress"]["leaked"]
    lines = [f"| state | {' | '.join(LEAKS)} |", f"|---|{'---|' * len(LEAKS)}"]
    lines += [f"| {state} | {' | '.join(str(one[level]) for level in LEAKS)} |" for state, one in found.items()]
    return "\n".join([*lines, f"| **all** | {' | '.join(str(results[f'egress_{level}_leaked']) for level in LEAKS)} |"])


def plot(results: Json) -> str:
    """Return an SVG with a bar for each ratio; a mark shows its limit."""
    rows = [(words, results[key], limit) for key, words, limit in RATIOS if key in results]
    height = ROW * len(rows) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + FULL + 90}" height="{height}" font-family="sans-serif" font-size="11">'
    ]
    for place, (words, value, limit) in enumerate(rows):
        top = 10 + place * ROW
        length = min(value / limit, 1.25) * FULL / 1.25
        parts += [
            f'<text x="{LEFT - 8}" y="{top + 15}" text-anchor="end">{escape(words)}</text>',
            f'<rect x="{LEFT}" y="{top + 2}" width="{length:.0f}" height="18" fill="{"#4a7" if value <= limit else "#c55"}"/>',
            f'<line x1="{LEFT + FULL / 1.25:.0f}" y1="{top}" x2="{LEFT + FULL / 1.25:.0f}" y2="{top + 22}" stroke="#333"/>',
            f'<text x="{LEFT + FULL + 10}" y="{top + 15}">{value:.2f} (limit {limit})</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def page(results: Json) -> str:
    """Return the page of the documentation."""
    environment = results["environment"]
    return f"""# Benchmarks

Written by `make bench`: this collection beside `community.general.nomad_job` and the `nomad` command, in one run on the
laboratory, the sides taking turns. Only ratios of one run mean something; the seconds belong to the machine.

![Each measure beside its limit](benchmarks.svg)

{table(results)}

The medians behind them:

{details(results)}

Requests of an egress worker, ten a second, that left directly and not through its exit node while this happened:

{leaks(results)}

Measured {environment["date"]} at {environment["commit"]} with {environment["rounds"]} rounds on {environment["machine"]}, which ran the
laboratory too; {environment["versions"]}.

## How

- **unchanged job**: one task, a loop of {environment["loop"]} over an unchanged job; the time of an empty playbook is taken off both sides.
- **unchanged service**: an inventory of {environment["services"]} real services, forks 20; the whole of `deploy-private-service.yml` with
  inputs, plan, secrets and proof on the tailnet, over one bare task of the peer per service with the same job specification.
- **scale**: unchanged services on Nomad's mock driver; variable, plan and run for each; forks 20; from the begin of the first task to the
  end of the last one. Memory is the greatest resident set of any process of the run, which is Ansible's own.
- **changed job until successful**: a job on the mock driver with `min_healthy_time = "0s"`; begin and end of the task as a callback
  sees them, with Ansible's worker in between, over the whole of `nomad job run`.
- **leaks**: a worker of each level, all at once; each state lasts until every worker leaves by the right exit node again, or was ended.
- **stop, fallback**: medians of {environment["rounds"]} times, from the command that takes the exit node away, or kills it.
- **guard**: the control group of the sidecar less the two daemons, CPU over {environment["watch"]} s, memory without caches.
- **server's decision**: the end of the evaluation that ended the deployment, by the server's clock.
"""
