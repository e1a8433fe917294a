# What both Nomad agents of the laboratory share; the dollar names are filled in by nomad.py.
data_dir             = "$data"
disable_update_check = true

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
