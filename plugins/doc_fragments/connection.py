# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say how to reach Nomad."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  address:
    description:
      - Address of a Nomad server or client, V(http://) or V(https://), or V(unix://) and the path of the socket of a client's API.
      - A user and password in it, as in V(https://user:password@nomad.example), are sent as HTTP basic authentication, before O(http_auth).
        They are never shown.
      - The environment variable E(NOMAD_ADDR) is used when the option is not set.
    type: str
    default: http://127.0.0.1:4646
  token:
    description:
      - Secret ID of the ACL token.
      - The environment variable E(NOMAD_TOKEN) is used when the option is not set.
    type: str
  namespace:
    description:
      - Namespace to work in. Nomad's own default is V(default).
      - V(*), all namespaces, is only for lists. Where one object is meant, for example a job, it is refused.
      - The environment variable E(NOMAD_NAMESPACE) is used when the option is not set.
    type: str
  region:
    description:
      - Region to send the requests to. Without it the region of the agent at O(address) answers.
      - The environment variable E(NOMAD_REGION) is used when the option is not set.
    type: str
  ca_cert:
    description:
      - File with the certificate of the authority that the server's certificate is verified with, and with no other.
      - The environment variable E(NOMAD_CACERT) is used when the option is not set.
    type: path
  ca_path:
    description:
      - Directory with certificates of authorities, named by their hashes, trusted beside those of the system.
      - The environment variable E(NOMAD_CAPATH) is used when the option is not set.
    type: path
  client_cert:
    description:
      - File with the client certificate for a server that wants one (mutual TLS).
      - The environment variable E(NOMAD_CLIENT_CERT) is used when the option is not set.
    type: path
  client_key:
    description:
      - File with the private key of O(client_cert).
      - The environment variable E(NOMAD_CLIENT_KEY) is used when the option is not set.
    type: path
  tls_server_name:
    description:
      - Name to ask for and to verify in the server's certificate when it is not the one in O(address), for example V(server.global.nomad).
      - The environment variable E(NOMAD_TLS_SERVER_NAME) is used when the option is not set.
    type: str
  skip_verify:
    description:
      - Do not verify the server's certificate. Whoever answers gets the token.
      - The environment variable E(NOMAD_SKIP_VERIFY) is used when the option is not set.
    type: bool
    default: false
  http_auth:
    description:
      - User and password as V(user:password) for a proxy in front of Nomad that wants HTTP basic authentication.
      - The environment variable E(NOMAD_HTTP_AUTH) is used when the option is not set.
    type: str
notes:
  - Tested with Nomad 1.11. No Python package beside ansible-core is needed.
  - Proxies of the environment (E(HTTP_PROXY), E(HTTPS_PROXY), E(NO_PROXY)) are respected.
"""

    # Where plugins that run on the controller take the options from, beside their own arguments.
    PLUGINS = r"""
options:
  address:
    env:
      - name: NOMAD_ADDR
    vars:
      - name: notailcar_nomad_address
  token:
    env:
      - name: NOMAD_TOKEN
    vars:
      - name: notailcar_nomad_token
  namespace:
    env:
      - name: NOMAD_NAMESPACE
    vars:
      - name: notailcar_nomad_namespace
  region:
    env:
      - name: NOMAD_REGION
    vars:
      - name: notailcar_nomad_region
  ca_cert:
    env:
      - name: NOMAD_CACERT
    vars:
      - name: notailcar_nomad_ca_cert
  ca_path:
    env:
      - name: NOMAD_CAPATH
    vars:
      - name: notailcar_nomad_ca_path
  client_cert:
    env:
      - name: NOMAD_CLIENT_CERT
    vars:
      - name: notailcar_nomad_client_cert
  client_key:
    env:
      - name: NOMAD_CLIENT_KEY
    vars:
      - name: notailcar_nomad_client_key
  tls_server_name:
    env:
      - name: NOMAD_TLS_SERVER_NAME
    vars:
      - name: notailcar_nomad_tls_server_name
  skip_verify:
    env:
      - name: NOMAD_SKIP_VERIFY
    vars:
      - name: notailcar_nomad_skip_verify
  http_auth:
    env:
      - name: NOMAD_HTTP_AUTH
    vars:
      - name: notailcar_nomad_http_auth
"""
