# The Nomad server of the laboratory; the dollar names are filled in by nomad.py.
name                 = "server"
data_dir             = "$data"
bind_addr            = "0.0.0.0"
disable_update_check = true

advertise {
  http = "$ip"
  rpc  = "$ip"
  serf = "$ip"
}

server {
  enabled          = true
  bootstrap_expect = 1
}

acl {
  enabled    = true
  token_ttl  = "1s"
  policy_ttl = "1s"
  role_ttl   = "1s"
}

tls {
  http                   = true
  rpc                    = true
  ca_file                = "$ca"
  cert_file              = "$certificate"
  key_file               = "$key"
  verify_server_hostname = true
  verify_https_client    = false
}

# Every connection of the machine's shell comes through one relay, so from one address.
limits {
  http_max_conns_per_client = 1000
}
