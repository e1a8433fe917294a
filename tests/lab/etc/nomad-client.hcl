# The Nomad client of the laboratory; the dollar names are filled in by nomad.py.
name      = "site"
bind_addr = "127.0.0.1"

# Nomad's command line first tries the client's own address. This one refuses at once, and it goes through the server;
# the site's address would be sought outside the machine.
advertise {
  http = "$loopback"
  rpc  = "$loopback"
  serf = "$loopback"
}

ports {
  http = 4656
}

client {
  enabled           = true
  servers           = ["$ip"]
  network_interface = "eth0"
  cni_path          = "/usr/lib/cni:$networks"
  cni_config_dir    = "$networks"
  cgroup_parent     = "$cgroup"

  chroot_env {
    "$chroot" = "/"
  }

  # MHz to give away, more than there are: the services of the tests mostly sleep, and the bench wants fifty of them.
  cpu_total_compute = 20000
  options = {
    "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean"
  }
}

vault {
  enabled               = true
  address               = "http://$ip:$vault"
  jwt_auth_backend_path = "jwt-nomad"
}

plugin "raw_exec" {
  config {
    enabled = true
  }
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
