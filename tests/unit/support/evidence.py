# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence as a sidecar writes it."""

from __future__ import annotations

import json
import time

ALLOCATION = "a0a0a0a0-0000"
SERVE = {"TCP": {"80": {"HTTP": True}}, "Web": {"${TS_CERT_DOMAIN}:80": {"Handlers": {"/": {"Proxy": "http://127.0.0.1:8080"}}}}}


def evidence(phase="ready", age=1.0, serve=None, **node):
    owner = {"DNSName": "whoami.tail.example.", "Online": True, "Tags": ["tag:service"], "KeyExpiry": None, **node}
    status = {"BackendState": "Running", "TailscaleIPs": ["100.64.0.7"], "Self": owner, "CertDomains": None, "Health": []}
    return {"version": 1, "alloc_id": ALLOCATION, "time": time.time() - age, "phase": phase, "status": status, "serve_config": serve}


def without(found, **status):
    return {**found, "status": {**found["status"], **status}}


IN_FORCE = json.loads(json.dumps(SERVE).replace("${TS_CERT_DOMAIN}", "whoami.tail.example"))
