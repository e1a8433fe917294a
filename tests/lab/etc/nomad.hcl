# Nomad of the laboratory; the dollar names are filled in by nomad.py.
name                 = "site"
data_dir             = "$data"
bind_addr            = "0.0.0.0"
log_level            = "INFO"
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

client {
  enabled           = true
  network_interface = "eth0"
  cni_path          = "/usr/lib/cni"
  cgroup_parent     = "$cgroup"
  options = {
    "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean"
  }
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

plugin "docker" {
  config {
    endpoint    = "$docker"
    infra_image = "$pause"

    # Nomad's default list, plus net_admin for the sidecar's kernel mode. net_raw stays out: it would go to every container.
    allow_caps = [
      "audit_write", "chown", "dac_override", "fowner", "fsetid", "kill", "mknod", "net_bind_service",
      "setfcap", "setgid", "setpcap", "setuid", "sys_chroot", "net_admin",
    ]

    # Images cannot be pulled again.
    gc {
      image = false
    }
  }
}
