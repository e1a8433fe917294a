# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say how to reach a tailnet's control plane.

Of two fragments the first one decides: it goes before `attributes`, whose action group is another, and before Ansible's, which knows none.
"""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  control:
    description:
      - Which control plane the tailnet has, V(tailscale) for Tailscale's own, or V(headscale).
    type: str
    choices:
      - tailscale
      - headscale
    default: tailscale
  control_url:
    description:
      - Address of the control plane. Tailscale's own is V(https://api.tailscale.com); headscale's is the one that its nodes log in to.
        The port of headscale's gRPC does not answer.
      - When the option is not set, the environment variable E(TAILSCALE_BASE_URL) is used, or with O(control=headscale)
        E(HEADSCALE_CLI_ADDRESS).
      - Without V(http://) or V(https://) it is the latter. A user or a password in it is refused.
    type: str
  api_key:
    description:
      - API access token of Tailscale, or API key of headscale.
      - When the option is not set, the environment variable E(TAILSCALE_API_KEY) is used, or with O(control=headscale)
        E(HEADSCALE_CLI_API_KEY).
    type: str
  oauth_client_id:
    description:
      - ID of an OAuth client of Tailscale, instead of O(api_key). It can do no more than its scopes, and does not expire.
      - The environment variable E(TAILSCALE_OAUTH_CLIENT_ID) is used when the option is not set.
    type: str
  oauth_client_secret:
    description:
      - Secret of the OAuth client.
      - The environment variable E(TAILSCALE_OAUTH_CLIENT_SECRET) is used when the option is not set.
    type: str
  tailnet:
    description:
      - Name of the tailnet at Tailscale, V(-) for the one that the credential belongs to.
      - The environment variable E(TAILSCALE_TAILNET) is used when the option is not set.
    type: str
    default: "-"
  user:
    description:
      - Name or ID of a user of headscale. Auth keys are those of this user, so there it is required for them.
      - Devices are then only those of this user.
    type: str
  control_ca_cert:
    description:
      - File with the certificate of the authority that the control plane's certificate is verified with, and with no other.
    type: path
  control_skip_verify:
    description:
      - Do not verify the control plane's certificate. Whoever answers gets the credential.
    type: bool
    default: false
attributes:
  action_group:
    version_added: 0.4.0
    membership:
      - notailcar.nomad.control
notes:
  - Tested with headscale 0.27. For Tailscale it was written by the published API description, and tested with a server that keeps to it;
    it was not run against the hosted service.
  - No Python package beside ansible-core is needed.
  - Proxies of the environment (E(HTTP_PROXY), E(HTTPS_PROXY), E(NO_PROXY)) are respected.
"""
