# A Nomad server of the laboratory; the dollar names are filled in by nomad.py.
name      = "$agent"
bind_addr = "0.0.0.0"

# It leaves the cluster when it is asked to end, not when it is killed.
leave_on_terminate = true

advertise {
  http = "$ip"
  rpc  = "$ip"
  serf = "$ip"
}

ports {
  http = $http
  rpc  = $rpc
  serf = $serf
}

server {
  enabled          = true
  bootstrap_expect = $expect

  # A client that is gone is missed after 10 to 14 seconds instead of 10 to 30, and one whose server went is heard of sooner;
  # the grace for one that is late stays ten seconds.
  min_heartbeat_ttl = "2s"

  server_join {
    retry_join     = [$join]
    retry_interval = "1s"
  }
}

# Every task with a vault block gets an identity for Vault, which may be there or not.
vault {
  enabled = true

  default_identity {
    aud = ["vault.io"]
    ttl = "1h"
  }
}

# A server that joins votes after a moment.
autopilot {
  server_stabilization_time = "1s"
}

# Every connection of the machine's shell comes through one relay, so from one address.
limits {
  http_max_conns_per_client = 1000
}
