# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a declaration: everything that a run would do, and whether what runs is verified now. Nothing changes."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.notailcar.nomad.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.notailcar.nomad.plugins.module_utils._json import Json
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.allocations import ALLOC_INDEX

from .. import _endpoints, _job_templates
from .._declaration.declare import Declaration
from .._declaration.declared_workload import variable_path
from .._declaration.egress_worker import chosen_mode
from .._secrets import SecretSources
from . import contents, steps
from .questions import Questions

REVEALED = ["auth_key_id", "auth_key_origin", "auth_key_replaced"]
# The verdicts of the module tailscale_health for a node of which nothing is left.
GONE = ("logged_out", "never_joined", "collected", "abandoned")


@dataclass(frozen=True)
class Planner:
    """Makes the plans of one declaration."""

    declaration: Declaration
    questions: Questions
    sources: SecretSources

    @property
    def plain(self) -> Json:
        return self.declaration.plain

    def plan(self, operation: str) -> Json:
        """Return the plan to `deploy` a workload, which is to render or remove it when its state says so, or to `rotate` its key."""
        if operation == "rotate":
            return self._rotation()
        return {"present": self._deployment, "rendered": self._rendering, "absent": self._removal}[self.plain["state"]]()

    def _deployment(self) -> Json:
        self._choose_level()
        rendered = _job_templates.render_job(self.plain)
        job = self.questions.ask("job", spec=rendered.spec, check_index=self._approved_index(0))
        exists, settled = bool(job["job_modify_index"]), job["settled"]
        holder = rendered.release if settled or not exists else contents.EARLIER_RELEASE
        key = self._key()
        keep = [*([] if settled else ["release"]), *(contents.KEY_ITEMS if self.plain["minted_key"] else ())]
        variables = self._variables(holder, keep)
        self._check_approved(variables)
        stale = [] if settled else self._stale_nodes(exists)
        evidence: Json = self._evidence() if settled else {"verified": False}
        is_service = self.plain["type"] == "service"
        changed_keys = [[*one["keys"]["added"], *one["keys"]["changed"]] for one in variables]
        found = steps.Deployment(
            settled=settled,
            exists=exists,
            is_service=is_service,
            waits_for_start=bool(self.plain["periodic"] or self.plain["parameterized"]),
            has_egress=bool(self.plain["egress"]),
            canary=self.plain["canary"] and exists,
            asks_canary=bool(self.plain["canary_tasks"]),
            run_now=self.plain["run_now"],
            verified=evidence["verified"] is not False,
            # A new key is stored by its own step.
            secrets_differ=any(set(names) - set(contents.KEY_ITEMS if self.plain["minted_key"] else ()) for names in changed_keys),
            leftovers=any(one["keys"]["removed"] for one in variables),
            stale_nodes=any(one["changed"] for one in stale),
            new_key=bool(key["reason"]),
            replaced_keys=bool(key["replaced"]),
        )
        chosen = steps.deployment_steps(found)
        differs = any(one["changed"] for one in [*stale, *variables, job]) or found.new_key or found.run_now or found.replaced_keys
        return {
            **self._report(chosen, differs, evidence),
            "job_modify_index": job["job_modify_index"],
            "check_index": "-".join(str(one["modify_index"]) for one in [{"modify_index": job["job_modify_index"]}, *variables]),
            "plan": job["plan"],
            "release": rendered.release,
            "key": key,
            # Until a new version is verified, the one before it may come back: items that only that one needs stay as long.
            "variables": [
                {
                    "task": task,
                    "path": one["path"],
                    "modify_index": one["modify_index"],
                    "keep": keep,
                    "keep_others": exists and not settled,
                }
                for task, one in zip(contents.variable_tasks(self.plain), variables)
            ],
            "holder": holder,
            **({"spec": rendered.spec} if "run" in chosen else {}),
            "diff": [
                *(one["diff"] for one in stale if one["changed"]),
                *_key_diff(key, self.plain["job"]),
                *(one["diff"] for one in variables if one["changed"]),
                *([job["diff"]] if job["diff"] else []),
                *_revocation_diff(key["replaced"]),
            ],
        }

    def _rendering(self) -> Json:
        file = self.plain["render_to"] or f"{self.plain['job']}.nomad.hcl"
        # The task itself compares the file with this, in check mode too.
        return {
            **self._report(["render"], False, {}),
            "next": [steps.BEGIN, "render", steps.REPORT],
            "spec": _job_templates.render_job(self.plain).spec,
            "file": file,
            "diff": [],
        }

    def _removal(self) -> Json:
        name, purge = self.plain["job"], self.plain["purge"]
        job = self.questions.ask("job", name=name, state="absent")
        purged: Json = self.questions.ask("job", name=name, state="absent", purge=True) if purge else {"changed": False}
        children = self.questions.ask("job_info", prefix=f"{name}/")["jobs"] if self.plain["role"] == "egress_worker" else []
        running = [one["id"] for one in children if one["status"] != "dead"]
        key = self._keys_to_end()
        tasks = dict.fromkeys([contents.SIDECAR, *(task["name"] for task in self.plain["tasks"])])
        variables = [self.questions.ask("variable", path=variable_path(self.plain, task), state="absent") for task in tasks]
        nodes = self._asked_nodes("logged_out") if self.plain["ephemeral"] else []
        stale = self._stale_nodes(exists=True)
        found = steps.Removal(
            runs=job["changed"],
            children_run=bool(running),
            children_left=bool(children),
            has_key=bool(key["replaced"]),
            has_variables=any(one["changed"] for one in variables),
            nodes_left=any(node["verdict"] not in GONE for node in nodes),
            nodes_log_out=self.plain["ephemeral"],
            forgets_nodes=bool(self.plain["forget_nodes_after"]),
            stale_nodes=any(one["changed"] for one in stale),
            purge=purged["changed"],
        )
        chosen = steps.removal_steps(found)
        stopped = [{"before": f"job {one}: running\n", "after": f"job {one}: stopped\n"} for one in running]
        return {
            **self._report(chosen, bool(set(chosen) - {"prove_removal", "forget"}) or found.stale_nodes, {"nodes": nodes}),
            "runs": running,
            "children": [one["id"] for one in children],
            "key": key,
            "variables": [{"path": one["path"]} for one in variables if one["changed"]],
            "diff": [
                *([job["diff"]] if job["changed"] else []),
                *stopped,
                *_revocation_diff(key["replaced"]),
                *(one["diff"] for one in variables if one["changed"]),
                *(one["diff"] for one in stale if one["changed"]),
                *([purged["diff"]] if purged["changed"] else []),
            ],
        }

    def _rotation(self) -> Json:
        if not self.plain["minted_key"]:
            raise InvalidInput(
                f"{self.plain['job']} has no minted key to rotate: a key that was given is replaced where it was made. Declare "
                f"{self.plain['role']}_minted_key, or leave {self.plain['job']} out of rotate_keys_hosts."
            )
        # A key for a job that is not deployed would be in no variable, and nobody would revoke it.
        known = self._known()
        key = self._key() if known["modify_index"] else {"reason": None, "replaced": []}
        chosen = steps.rotation_steps(bool(key["reason"]), bool(key["replaced"]))
        return {
            **self._report(chosen, bool(chosen), {}),
            "key": key,
            "variables": [{"task": contents.SIDECAR, "path": self._path(), "modify_index": known["modify_index"]}],
            "diff": [*_key_diff(key, self.plain["job"]), *_revocation_diff(key["replaced"])],
        }

    def _report(self, chosen: list[str], differs: bool, evidence: Json) -> Json:
        """The part of the result that every plan has; it is also the result of a run that takes no step."""
        nodes = evidence.get("nodes") or []
        urls = self.urls(nodes)
        return {
            "changed": differs,
            "job_id": self.plain["job"],
            "declaration": self.plain,
            "steps": chosen,
            "next": steps.task_files(chosen),
            "verified": evidence.get("verified"),
            "nodes": nodes,
            "egress": evidence.get("egress") or [],
            "urls": urls,
            "url": next(iter(urls), ""),
        }

    def urls(self, nodes: list[Json]) -> list[str]:
        """Return the URLs of the service: with the name of the first verified node, none before there is one."""
        name = nodes[0]["dns_name"] if nodes else ""
        return _endpoints.urls(self.plain["endpoints"], name, self.plain["tailscale_service"])

    def _choose_level(self) -> None:
        egress = self.plain["egress"]
        if egress.get("level") != "auto":
            return
        spec, mode = _job_templates.render_placement(self.plain), self.plain["mode"]
        options = {"mode": None if mode == "auto" else mode, "cni_network": egress["cni_network"]}
        offer = self.questions.ask("egress_level_info", spec=spec, **options)
        egress["level"] = offer["level"]
        self.plain["mode"] = chosen_mode(mode, offer["level"])

    def _path(self) -> str:
        return variable_path(self.plain, contents.SIDECAR)

    def _variables(self, holder: str, keep: list[str]) -> list[Json]:
        """Compare each variable with what it shall hold at the end; the items `keep` stay as they are where there are some."""
        return [
            self.questions.ask(
                "variable",
                path=variable_path(self.plain, task),
                items=contents.variable_items(self.declaration, task, self.sources, holder),
                keep=keep,
            )
            for task in contents.variable_tasks(self.plain)
        ]

    def _known(self) -> Json:
        found = self.questions.ask("variable_info", path=self._path(), reveal=REVEALED)["variables"]
        return t.cast("Json", found[0]) if found else {"keys": [], "revealed": {}, "modify_index": 0}

    def _key(self) -> Json:
        """Whether a key is to be made, and which keys are to be revoked when nothing needs them any more."""
        if not self.plain["minted_key"]:
            return {"reason": None, "replaced": []}
        known = self._known()
        revealed = known["revealed"]
        current = revealed.get("auth_key_id") if "auth_key" in known["keys"] else None
        key = self.questions.ask(
            "tailscale_key", **contents.key_request(self.declaration), current=current, origin=revealed.get("auth_key_origin")
        )
        # What another control plane made is not for this one to revoke.
        replaced = [] if revealed.get("auth_key_origin", "") != key["origin"] else revealed.get("auth_key_replaced", "").split(",")
        if key["changed"] and revealed.get("auth_key_origin") == key["origin"]:
            replaced = [revealed.get("auth_key_id", ""), *replaced]
        return {
            "reason": key["reason"],
            "origin": key["origin"],
            "current": current,
            "current_origin": revealed.get("auth_key_origin"),
            "replaced": [one for one in replaced if one],
        }

    def _keys_to_end(self) -> Json:
        """The keys of a workload that is removed, of those that are still good."""
        if not self.plain["minted_key"]:
            return {"replaced": []}
        revealed = self._known()["revealed"]
        ids = [revealed.get("auth_key_id", ""), *revealed.get("auth_key_replaced", "").split(",")]
        options = {**contents.control_options(self.declaration), "state": "absent", "origin": revealed.get("auth_key_origin")}
        good = [one for one in ids if one and self.questions.ask("tailscale_key", **options, id=one)["changed"]]
        return {"replaced": good, "origin": revealed.get("auth_key_origin")}

    def _stale_nodes(self, exists: bool) -> list[Json]:
        """What the tailnet would forget, for each name that the job's nodes have."""
        plain = self.plain
        if not plain["forget_nodes_after"]:
            return []
        running = self._asked_nodes("observed") if exists else []
        ids = [((node["evidence"] or {}).get("status") or {}).get("Self", {}).get("ID", "") for node in running]
        if not all(ids):
            # A node that has just begun has no id yet, and may be any of them.
            return []
        names = [plain["hostname"].replace(ALLOC_INDEX, str(number)) for number in range(plain["count"])]
        return [
            self.questions.ask(
                "tailnet_device",
                **contents.control_options(self.declaration),
                state="absent",
                hostname=name,
                tags=plain["tags"],
                keep=ids,
                offline_for=plain["forget_nodes_after"],
            )
            for name in dict.fromkeys(names)
        ]

    def _asked_nodes(self, state: str) -> list[Json]:
        asked = self.questions.ask("tailscale_health", job=self.plain["job"], group=self.plain["group"], state=state)
        return t.cast("list[Json]", asked["nodes"])

    def _evidence(self) -> Json:
        """Whether what runs is verified now, and by what."""
        plain = self.plain
        if plain["type"] != "service":
            return {"verified": None}
        where = {"job": plain["job"], "group": plain["group"]}
        node = {"hostname": plain["hostname"], "tailnet": plain["tailnet"], "tags": plain["tags"] or None}
        health = self.questions.ask("tailscale_health", **where, **node, serve_config=plain["serve_config"])
        egress = self.questions.ask("egress_verify", **where) if plain["egress"] else {"proved": True, "allocations": []}
        verified = health["proved"] and egress["proved"]
        return {"verified": verified, "nodes": health["nodes"] if health["proved"] else [], "egress": egress["allocations"]}

    def _approved_index(self, place: int) -> int | None:
        approved = self.plain["check_index"]
        if not approved:
            return None
        parts = approved.split("-")
        return int(parts[place]) if place < len(parts) else None

    def _check_approved(self, variables: list[Json]) -> None:
        covered = (self.plain["check_index"] or "").count("-")
        if covered not in (0, len(variables)):
            raise Conflict(
                f"{self.plain['role']}_check_index covers {covered} Nomad Variables, and {self.plain['job']} has {len(variables)} now: the "
                "declaration was changed since the plan was approved. Nothing was written; plan again."
            )
        for place, one in enumerate(variables, start=1):
            approved = self._approved_index(place)
            if approved is not None and approved != one["modify_index"]:
                raise Conflict(
                    f"The variable {one['path']} was changed since the plan was approved: its index is {one['modify_index']}, not "
                    f"{approved}. Nothing was written; plan again."
                )


def _key_diff(key: Json, job: str) -> list[Json]:
    return [{"prepared": f"+ auth key for {job}: a new one is made ({key['reason']})\n"}] if key["reason"] else []


def _revocation_diff(keys: list[str]) -> list[Json]:
    return [{"prepared": "".join(f"- auth key {one}: revoked\n" for one in keys)}] if keys else []
