# A second client, for tests of what happens when a node is full or lost; the dollar names are filled in by nomad.py.
name      = "$agent"
bind_addr = "127.0.0.1"

advertise {
  http = "$loopback"
  rpc  = "$loopback"
  serf = "$loopback"
}

ports {
  http = 4657
}

client {
  enabled           = true
  servers           = ["$ip"]
  network_interface = "eth0"
  cgroup_parent     = "$cgroup"
  memory_total_mb   = $memory

  # Its tasks are mock_driver's.
  options = {
    "driver.allowlist"     = "mock_driver"
    "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean"
  }
}
