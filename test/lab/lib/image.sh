# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the other parts
# image.sh - ready-made clusters: the machines' disks after Ganeti was set up, as layers below those of a run.
# A change in this file or in node/ makes them again (about 25 s); a run starts by merely booting them.
# Runs contained (build.sh): its machines, networks and mounts die with the builder.

KVM_PARAMETERS="kvm:kvm_path=/usr/bin/qemu-system-x86_64,kernel_path=/srv/ganeti/boot/vmlinuz,\
initrd_path=/srv/ganeti/boot/initrd-bb,root_path=/dev/ram0,serial_console=true,vhost_net=false,vnc_bind_address=,\
nic_type=paravirtual,acpi=true,machine_version="

image_inputs() { { base_key; cat "$HERE/lib/image.sh" "$HERE/lib/world.sh" "$HERE"/node/*; } | digest; }
image_key() { echo "$(image_inputs)-$HYPERVISOR-$NODES${SHORT:+-short-$SHORT}${ASIDE:+-aside-$ASIDE}${SPARE:+-spare-$SPARE}"; }
image_dir() { echo "$CACHE/image-$(image_key)"; }
make_image() {
  make_base
  make image "$(image_key)" "$(base_root)" "$NODES" "$HYPERVISOR" "$SHORT" "$ASIDE" "$SPARE"
}

# image_stage DIR BASE NODES HYPERVISOR SHORT ASIDE SPARE: DIR/<machine> is its layer
image_stage() {
  local dir=$1 base=$2 c start all=()
  NODES=$3 HYPERVISOR=$4 SHORT=$5 ASIDE=$6 SPARE=$7
  start=$(now_ms)
  RUN=image S=$dir/run PREFIX=okeanid-image CGROUP=okeanid-$(basename "$dir")
  mkdir -p /run/netns
  mount -t tmpfs tmpfs /run/netns
  hub_up
  for ((c = 1; c <= NODES; c++)); do all+=("n$c"); done
  all+=(mq api)
  for c in "${all[@]}"; do
    machine_netns_up "$c"
    machine_mount "$c" "$base"
  done
  image_keys "$(root n1)"
  each image_prepare "${all[@]}"
  for c in "${all[@]}"; do machine_start "$c"; done
  each machine_wait "${all[@]}"
  image_broker &
  local broker=$!
  image_cluster
  wait "$broker"
  each machine_stop "${all[@]}"
  # the jobs that made the cluster are no history of a run: whether "recent" ones are seen would depend on our age
  for c in "${all[@]}"; do rm -rf "$(root "$c")"/var/lib/ganeti/queue/{job-*,archive/*}; done
  each machine_clear "${all[@]}"
  for c in "${all[@]}"; do mv -T "$S/c/$c/upper" "$dir/$c"; done
  cgroup_kill ''
  rm -rf "$S"
  took "cluster of $NODES ($HYPERVISOR) made" "$start"
}

image_keys() { # ROOT: one key pair for root on all machines
  install -d -m 700 "$1/root/.ssh"
  inside "$1" ssh-keygen -q -t ed25519 -N '' -C lab -f /root/.ssh/id_ed25519
}
image_prepare() { # MACHINE
  local c=$1 r f
  r=$(root "$c")
  hostname_of "$c" >"$r/etc/hostname"
  hosts_file >"$r/etc/hosts"
  install -d -m 700 "$r/root/.ssh"
  [[ $c == n1 ]] || cp "$(root n1)"/root/.ssh/id_ed25519{,.pub} "$r/root/.ssh/"
  install -m 600 "$r/root/.ssh/id_ed25519.pub" "$r/root/.ssh/authorized_keys"
  printf 'PermitRootLogin prohibit-password\nUseDNS no\n' >"$r/etc/ssh/sshd_config.d/lab.conf"
  inside "$r" ssh-keygen -q -A

  mkdir -p "$r/etc/lab" "$r/var/log/lab" "$r/etc/iproute2/rt_tables.d"
  printf 'ADDR=%s/24\nROLE=%s\nGW=%s\n' "$(addr "$c")" "${c%%[0-9]*}" "$MGMT.254" >"$r/etc/lab/net.env"
  echo '100 vmrt' >"$r/etc/iproute2/rt_tables.d/lab.conf"
  install -m 755 "$HERE/node/lab-net" "$r/usr/local/sbin/lab-net"
  install -m 644 "$HERE/node/lab-net.service" "$r/etc/systemd/system/lab-net.service"
  inside "$r" systemctl enable -q lab-net.service
  # cron's ganeti-watcher starts daemons and submits jobs at every fifth minute: it makes `gnt-cluster init` fail in the
  # middle, and a test find other jobs than its own. Who wants it starts cron, or runs ganeti-watcher
  inside "$r" systemctl disable -q cron

  case $c in
    n*) image_node "$r" ;;
    *) rm -f "$r"/etc/rc?.d/S??ganeti "$r/etc/cron.d/ganeti" ;;
  esac
  if [[ $c == mq ]]; then
    printf '[{rabbit,[{tcp_listeners,[{"0.0.0.0",5672}]},{loopback_users,[]}]}].\n' >"$r/etc/rabbitmq/advanced.config"
    inside "$r" systemctl enable -q epmd.socket rabbitmq-server
  fi
}
image_node() { # ROOT: what Ganeti wants to find
  local r=$1 f os=$1/srv/ganeti/os/noop
  mkdir -p "$os" "$r/srv/ganeti/shared-file-storage" "$r/srv/ganeti/file-storage"
  for f in create import export rename verify; do
    printf '#!/bin/sh\nexit 0\n' >"$os/$f"
    chmod 755 "$os/$f"
  done
  echo 20 >"$os/ganeti_api_version"
  echo default >"$os/variants.list"
  : >"$os/parameters.list"
  printf '/srv/ganeti/file-storage\n/srv/ganeti/shared-file-storage\n' >"$r/etc/ganeti/file-storage-paths"
  sed -i 's/^RAPI_ARGS=.*/RAPI_ARGS="--require-authentication"/' "$r/etc/default/ganeti"
}
image_broker() { # the user of deploy.sh; rabbitmqctl is slow, so it is done here once
  sh_in mq rabbitmqctl -q add_user okeanid "$SECRET"
  sh_in mq rabbitmqctl -q set_permissions -p / okeanid '.*' '.*' '.*'
}

image_cluster() { # Ganeti on n1, then the other nodes
  local i start others=() more=()
  for ((i = 2; i <= NODES; i++)); do [[ $ASIDE == "n$i" || $SPARE == "n$i" ]] || others+=("n$i"); done
  [[ $HYPERVISOR != kvm ]] || more=(-H "$KVM_PARAMETERS")
  # who comes when the pool of candidates is full is none, and stays none
  [[ ! $ASIDE ]] || more+=(--candidate-pool-size=$((${#others[@]} + 1))) others+=("$ASIDE")
  start=$(now_ms)
  sh_in n1 gnt-cluster init --master-netdev=eth0 --master-netmask=24 --enabled-hypervisors="$HYPERVISOR" \
    --enabled-disk-templates=diskless,file,sharedfile --file-storage-dir=/srv/ganeti/file-storage \
    --shared-file-storage-dir=/srv/ganeti/shared-file-storage \
    --nic-parameters=mode=bridged,link=br0 --prealloc-wipe-disks=no \
    --ipolicy-bounds-specs="min:disk-size=0,cpu-count=1,disk-count=0,memory-size=32,nic-count=0,spindle-use=0/max:disk-size=1048576,cpu-count=8,disk-count=16,memory-size=32768,nic-count=8,spindle-use=12" \
    "${more[@]}" --no-etc-hosts "$CLUSTER"
  took "gnt-cluster init" "$start"
  # gnt-node add distributes this file as another user: with a wrong mode it fails half-way
  # shellcheck disable=SC2016
  sh_in n1 sh -c 'umask 027; printf "lab %s write\n" "$1" >/var/lib/ganeti/rapi/users
    chown gnt-rapi:gnt-masterd /var/lib/ganeti/rapi/users' sh "$SECRET"
  for i in "${others[@]}"; do
    start=$(now_ms)
    sh_in n1 gnt-node add --no-ssh-key-check --node-parameters= "$i.$DOMAIN" </dev/null
    took "gnt-node add $i" "$start"
  done
  start=$(now_ms)
  sh_in n1 gnt-network add --network="$PUB4.0/24" --gateway="$PUB4.1" --network6="$PUB6:/64" --gateway6="$PUB6:1" \
    --tags=ip-less-routed,nfdhcpd pub
  sh_in n1 gnt-network connect -N mode=bridged,link=br0 pub
  sh_in n1 gnt-network add --network="$RT4.0/24" --gateway="$RT4.1" --network6="$RT6:/64" --gateway6="$RT6:1" \
    --tags=nfdhcpd rt
  sh_in n1 gnt-network connect -N mode=routed,link=vmrt rt
  took networks "$start"
}
