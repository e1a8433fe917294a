# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from outside as people may see it: without credentials and without control of their terminal.

Ansible removes the secrets that a task was given. This file removes the others: those that a hand-written spec contains in clear, and
those that a program printed by mistake. A name decides where there is one; some keys are known by their shape.
"""

from __future__ import annotations

import re

HIDDEN = "(hidden)"

CREDENTIAL = re.compile(
    r"(?:password|passwd|passphrase|passcode|pwd|secret|token|credential|authorization|psk|(?:api|auth|access|private|secret|signing|ssh)key)s?\Z"
)
# The words before `key` that make it a credential, and not the key of a map or a public key.
KEY_OF = {
    *("api", "auth", "access", "private", "secret", "signing", "encryption", "master", "account", "storage", "license"),
    *("ssh", "hmac", "jwt", "session", "deploy", "shared", "unseal", "gossip", "webhook", "service"),
}
# About a credential, and not one: token_ttl, password_file, secret_name.
ABOUT = {
    *("name", "names", "file", "files", "filename", "path", "paths", "dir", "directory", "url", "uri", "endpoint", "host", "port"),
    *("type", "kind", "format", "length", "len", "size", "mb", "count", "limit", "limits", "min", "max", "minimum", "maximum", "per"),
    *("ttl", "expiry", "expires", "expiration", "lifetime", "timeout", "duration", "period", "interval", "seconds", "minutes", "days"),
    *("policy", "policies", "role", "roles", "scope", "scopes", "issuer", "audience", "method", "algorithm", "algo", "provider"),
    *("store", "backend", "engine", "mount", "version", "region", "arn", "reset", "rotate", "rotation", "renew", "renewal"),
    *("enabled", "disabled", "required", "optional", "header", "prefix", "suffix", "field", "variable", "mode", "accessor", "ref"),
}
AMOUNTS = {"max", "min", "maximum", "minimum", "num", "number", "total", "count"}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# YAML: the indented lines below are the value.
BLOCK = {"|", "|-", "|+", ">", ">-", ">+"}
PLAIN = {*BLOCK, "", "true", "false", "yes", "no", "on", "off", "null", "nil", "none", "undefined", "<nil>", "***", HIDDEN}
REFERENCE = re.compile(
    r"""
    \$\{[^}]+\} (?: /[\w.@+-]+ )* /?                        # ${NOMAD_SECRETS_DIR}/db, ${VAR}
    | \$\$?[A-Z_][A-Z0-9_]* | %[A-Z0-9_]+% | \$\(.*\)       # of a shell
    | (?: \{\{ (?: (?!\}\}). )* \}\} )+                     # what a template puts there
    # A path; keys are seldom all of one case. Each part fits one alternative only: with two, a long path would take for ever.
    | (?:file:)? (?: ~ | \.{1,2} | local | secrets | alloc )? (?: / (?: [a-z0-9_.@-]+ | (?=[0-9_.]*[A-Z])[A-Z0-9_.]+ ) )+ /?
    """,
    re.VERBOSE,
)

# Sequences that colour, move or set the title; then every other control character but tab and line end.
TERMINAL_SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
PEM_BEGIN, PEM_END = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
SHAPES = (
    (re.compile(rf"({PEM_BEGIN.pattern}).*?(?:{PEM_END.pattern}|\Z)", re.DOTALL), r"\1…"),
    # A log whose first lines are missing.
    (re.compile(rf"\A[A-Za-z0-9+/=\s]*{PEM_END.pattern}"), "…"),
    (re.compile(r"\b((?:ts|hs)key-[a-z]+)-[\w-]+"), r"\1-…"),
    (re.compile(r"\b(hv[sbr]\.)[\w-]{8,}"), r"\1…"),
    (re.compile(r"(?<![\w.])([sbr]\.)(?=\w*\d)(?=\w*[A-Z])\w{24,}"), r"\1…"),
    (re.compile(r"\b((?:AKIA|ASIA)[A-Z0-9])[A-Z0-9]{15}\b"), r"\1…"),
    (re.compile(r"\b(gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-)[\w-]{10,}"), r"\1…"),
    (re.compile(r"\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"), "eyJ…"),
    (
        # The password ends at the last @ before the path. A port is none; what is only referred to stays.
        re.compile(
            r"""((?<![\w+.-])[a-z][a-z0-9+.-]*://[^\s:/@"']{0,100}:)(?!\d*[/?#\s]|\*+@|\$\{[^}]*\}@|\{\{[^}]*\}\}@|…@)"""
            r"""(?:[^\s/"'<>]{1,300}|[^\s"'<>]{1,300})@"""
        ),
        r"\1…@",
    ),
    (re.compile(r"([?&](?:X-Amz-(?:Signature|Security-Token)|Signature|sig)=)[^\s&\"']+", re.IGNORECASE), r"\1…"),
)

ASSIGNED_NAME = re.compile(r"""(?<![\w.-])(?P<name>-{0,2}[A-Za-z_][\w.-]*)(?P<sign>(?:\\?["'])?\s*(?:=(?!=)|:(?!:))\s*)""")
VALUE = re.compile(
    r"""\\".*?\\" | "(?:[^"\\]|\\.)*" | '[^']*'
    | (?:(?:Bearer|Basic|Token)\s+)? (?: \$\{[^}]*\} | \{\{.{0,2000}?\}\} | \$\([^)]*\) | (?!\{\{)[^\s&"'}\\] )+""",
    re.VERBOSE,
)
# What comes before the value that a line sets.
LINE = re.compile(
    r"""\s* (?:-\s+)? (?:(?:export|set|ENV)\s+)? ["']?(?P<name>[A-Za-z_][\w.-]*)["']? \s*(?:=>|:=|[=:])\s* (?=\S)""",
    re.VERBOSE,
)
OPTION = re.compile(r"(?P<head>(?<![\w-])(?P<name>--[A-Za-z][\w-]*)\s+)(?P<value>[^\s-]\S*)")
# A string that is not a word of a sentence ("invalid token: expired").
OPAQUE = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[\w.~+/=-]{12,}")


def is_credential(name: str) -> bool:
    """Return whether a name (`DB_PASSWORD`, `Env[apiKey]`, `auth[0][password]`) is that of a credential."""
    parts = [part for part in re.split(r"[\[\]]+", name) if part and not part.isdigit()]
    words = [word.lower() for word in WORD.findall(parts[-1])] if parts else []
    return any(_is_credential(words, place) for place in range(len(words)))


def _is_credential(words: list[str], place: int) -> bool:
    word, before, after = words[place], words[:place], words[place + 1 :]
    if word in ("key", "keys"):
        fits = bool(before) and before[-1] in KEY_OF and after[:1] != ["id"]
    elif word == "pass":
        fits = not after
    elif word == "auth":
        fits = not after and before[-1:] in (["http"], ["basic"], ["registry"])
    else:
        # Also clientsecret, authtoken.
        fits = bool(CREDENTIAL.search(word))
    return fits and not ABOUT.intersection(after) and not AMOUNTS.intersection(before)


def is_secret(name: str, value: str) -> bool:
    """Return whether a value must not be shown: its name is that of a credential, and it is more than a reference to one."""
    bare = value.strip().strip("\\\"'").strip()
    if bare.lower() in PLAIN or REFERENCE.fullmatch(bare):
        return False
    # max_tokens, prompt_tokens: counted.
    return is_credential(name) and not (bare.isdigit() and name.lower().endswith("s"))


def scrub(text: str) -> str:
    """Return a text that a program or a server wrote, without credentials of known shape or name and without control characters."""
    return _named(_shapes(TERMINAL_SEQUENCES.sub("", text)), prose=True)


def lines(body: list[str]) -> list[str]:
    """Return each line of a file's body (a template, a script) as it may be shown: what sets a credential is hidden."""
    shown: list[str] = []
    key = False
    block: int | None = None
    for line in body:
        indent = len(line) - len(line.lstrip())
        if block is not None and line.strip() and indent <= block:
            block = None
        begins = PEM_BEGIN.search(line)
        if key or (block is not None and line.strip()):
            shown.append(HIDDEN)
        else:
            found = LINE.match(line)
            if found and is_credential(found["name"]) and _value(line, found.end()) in BLOCK:
                block = indent
            shown.append(_line(line))
        key = bool(begins or key) and not PEM_END.search(line)
    return shown


def _value(line: str, at: int) -> str:
    """Return the value that begins there, without the comma and the blanks at the end of the line."""
    value = line[at:].rstrip()
    return value[:-1].rstrip() or value if value.endswith(",") else value


def _line(line: str) -> str:
    found = LINE.match(line)
    value = _value(line, found.end()) if found else ""
    if found and is_secret(found["name"], value):
        return f"{found[0]}{HIDDEN}{line[found.end() + len(value) :]}"
    return _named(OPTION.sub(_option, _shapes(line)), prose=False)


def _shapes(text: str) -> str:
    for shape, shown in SHAPES:
        text = shape.sub(shown, text)
    return text


def _option(found: re.Match[str]) -> str:
    return f"{found['head']}{HIDDEN}" if is_secret(found["name"], found["value"]) else found[0]


def _named(text: str, prose: bool) -> str:
    """Hide what is set by name; in prose not the words after a colon, which are often the very reason."""
    shown = []
    at = 0
    for found in ASSIGNED_NAME.finditer(text):
        value = VALUE.match(text, found.end()) if found.start() >= at and is_credential(found["name"]) else None
        if not value or not is_secret(found["name"], value[0]):
            continue
        words = prose and ":" in found["sign"] and value[0][0] not in "\\\"'"
        if not words or OPAQUE.fullmatch(value[0].split()[-1]):
            shown += [text[at : found.end()], HIDDEN]
            at = value.end()
    return "".join([*shown, text[at:]])
