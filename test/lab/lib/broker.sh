# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the other parts
# broker.sh - RabbitMQ alone, on the host's loopback: for tests that need a broker and no cluster.
# The base tree under an overlay, in a mount and pid namespace: epmd and all end with it. Ports and data stay with the run.

B() { echo "$S/broker"; }
broker_running() { alive_file "$(B)/pid"; }
broker_ports() { # sets AMQP, DIST, EPMD, TLS: four free ports, chosen once
  local port ports=() busy file
  file=$(B)/ports
  if [[ ! -e $file ]]; then
    lock "$STATES/.ports.lock"
    busy=" $( (cat /proc/net/tcp /proc/net/tcp6 | awk '$4=="0A"{split($2,a,":"); print a[2]}') | while read -r port; do echo $((16#$port)); done | xargs) "
    busy+=" $(cat "$STATES"/*/broker/ports 2>/dev/null | xargs) "
    while ((${#ports[@]} < 4)); do
      port=$((20000 + RANDOM % 10000)) # below the range of outgoing connections
      [[ $busy == *" $port "* ]] || { ports+=("$port") && busy+=" $port "; }
    done
    echo "${ports[*]}" >"$file"
    unlock
  fi
  read -r AMQP DIST EPMD TLS <"$file"
}
broker_url() {
  local AMQP DIST EPMD TLS
  broker_ports
  echo "amqp://okeanid:$SECRET@127.0.0.1:$AMQP"
}
broker_env() { # NAME=VALUE words for the server and for rabbitmqctl
  echo "HOME=/var/lib/rabbitmq PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 RABBITMQ_NODENAME=okeanid@localhost" \
    "RABBITMQ_DIST_PORT=$DIST ERL_EPMD_PORT=$EPMD ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_LOGS=- RUNNING_UNDER_SYSTEMD=yes" \
    "RABBITMQ_CTL_DIST_PORT_MIN=30000 RABBITMQ_CTL_DIST_PORT_MAX=32000"
}

broker_tls() { # FOLDER: ca.pem, cert.pem, key.pem; a TLS port that wants a certificate of the same authority from everybody
  install -D -m 644 -t "$(B)/upper/etc/rabbitmq/tls" "$1"/{ca,cert,key}.pem
  cat >>"$(B)/upper/etc/rabbitmq/rabbitmq.conf" <<END
listeners.ssl.1 = 127.0.0.1:$TLS
ssl_options.cacertfile = /etc/rabbitmq/tls/ca.pem
ssl_options.certfile = /etc/rabbitmq/tls/cert.pem
ssl_options.keyfile = /etc/rabbitmq/tls/key.pem
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
END
}
broker_up() { # [OWNER [TLS FOLDER]]: prints the URL
  local AMQP DIST EPMD TLS i start base uid
  start=$(now_ms)
  lock_run
  if ! broker_running; then
    own_run "${1:-}"
    make_base
    base=$(base_root)
    [[ -e $S/uses ]] || echo "BASE=$base" >"$S/uses"
    cgroup_kill broker
    mkdir -p "$(B)"/{upper/etc/rabbitmq,work,root}
    broker_ports
    uid=$(stat -c %u:%g "$base/var/lib/rabbitmq")
    chown "$uid" "$(B)/upper/etc/rabbitmq"
    cat >"$(B)/upper/etc/rabbitmq/rabbitmq.conf" <<END
listeners.tcp.1 = 127.0.0.1:$AMQP
default_user = okeanid
default_pass = $SECRET
loopback_users = none
END
    [[ -z ${2:-} ]] || broker_tls "$2"
    [[ ! -e $(B)/log ]] || mv "$(B)/log" "$(B)/log.1"
    daemon broker "$(B)/log" unshare --mount --propagation private --pid --fork --kill-child=KILL \
      bash "$HERE/lab" __broker "$(B)" "$base" "${uid%:*}" "${uid#*:}" "$AMQP" "$DIST" "$EPMD"
    ident "$DAEMON" >"$(B)/pid"
    for ((i = 0; i < 600; i++)); do
      ! grep -qs 'Server startup complete' "$(B)/log" || break
      broker_running || { tail -n 20 "$(B)/log" >&2 && die "RabbitMQ did not start"; }
      sleep 0.05
    done
    took "RabbitMQ on port $AMQP" "$start"
  fi
  broker_url
}
broker_inner() { # DIR BASE UID GID AMQP DIST EPMD: pid 1 of the broker's namespace
  local dir=$1 root=$1/root uid=$3 gid=$4 DIST=$6 EPMD=$7 kernel
  mount -t overlay broker -o "lowerdir=$2,upperdir=$dir/upper,workdir=$dir/work" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  kernel='-kernel inet_dist_use_interface {127,0,0,1}'
  # pid 1 reaps epmd and waits for the server, whose end is the end of all. TERM: the server stops in order.
  # shellcheck disable=SC2016,SC2046
  exec chroot "$root" env -i $(broker_env) RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="$kernel" \
    setpriv --reuid "$uid" --regid "$gid" --clear-groups bash -c '
      cd /var/lib/rabbitmq
      epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" &
      /usr/lib/rabbitmq/bin/rabbitmq-server & server=$!
      trap "kill -TERM $server" TERM
      while kill -0 "$server" 2>/dev/null; do wait "$server"; done'
}
broker_init() { # pid of the namespace's first process
  local pid start
  if ! { read -r pid start 2>/dev/null <"$(B)/pid" && alive "$pid" "$start"; }; then die "run $RUN has no broker that runs"; fi
  children "$pid" | tr -d ' '
}
broker_signal() { # SIGNAL: to all of its processes
  local pids
  mapfile -t pids < <(cgroup_pids broker)
  ((!${#pids[@]})) || kill "-$1" "${pids[@]}"
}
broker_down() { # orderly; the data stays
  local init pid start
  lock_run
  if broker_running; then
    read -r pid start <"$(B)/pid"
    init=$(broker_init)
    broker_signal CONT
    kill -TERM "$init"
    gone 300 "$pid" "$start" || say "RabbitMQ does not stop; killing it"
  fi
  broker_kill
}
broker_kill() { # at once
  [[ ! -d $(B) ]] || cgroup_kill broker
  rm -f "$(B)/pid"
}
broker_ctl() { # rabbitmqctl
  local AMQP DIST EPMD TLS init uid
  init=$(broker_init)
  broker_ports
  uid=$(stat -c %u "$(B)/upper/etc/rabbitmq")
  # shellcheck disable=SC2046
  exec nsenter -t "$init" -m -p -r -w env -i $(broker_env) setpriv --reuid "$uid" --clear-groups \
    /usr/lib/rabbitmq/bin/rabbitmqctl "$@"
}

broker() {
  local sub=${1:-} AMQP DIST EPMD TLS
  shift || true
  case $sub in
    up)
      local owner='' tls=''
      while (($#)); do
        case $1 in
          --owner) owner=$2 ;;
          --tls) tls=$2 ;;
          *) die "broker up: what is $1?" ;;
        esac
        shift 2
      done
      broker_up "$owner" "$tls"
      ;;
    down) broker_down ;;
    kill) lock_run && broker_kill ;;
    pause) broker_signal STOP ;;
    resume) broker_signal CONT ;;
    env) broker_running && broker_ports && printf 'AMQP_URL=%s\nTLS_PORT=%s\n' "$(broker_url)" "$TLS" ;;
    ctl) broker_ctl "$@" ;;
    log) cat "$(B)/log" ;;
    *) die "broker up [--owner PID] [--tls FOLDER] | down | kill | pause | resume | env | ctl ARGS.. | log" ;;
  esac
}
