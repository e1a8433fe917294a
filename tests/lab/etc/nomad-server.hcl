# The Nomad server of the laboratory; the dollar names are filled in by nomad.py.
name      = "server"
bind_addr = "0.0.0.0"

advertise {
  http = "$ip"
  rpc  = "$ip"
  serf = "$ip"
}

server {
  enabled          = true
  bootstrap_expect = 1
}

# Every connection of the machine's shell comes through one relay, so from one address.
limits {
  http_max_conns_per_client = 1000
}
