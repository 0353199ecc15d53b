# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the other parts
# deploy.sh - puts the built program of this tree on machines as the package will: /usr/lib/okeanid, /usr/bin/okeanid,
# systemd units, users, directories, and a configuration that knows the run's broker.

TREE=$(cd "$HERE/../.." && pwd)
LIBDIR=usr/lib/okeanid

deploy() { # [--config FILE] [MACHINE..]
  local config='' start stage c targets=()
  start=$(now_ms)
  while (($#)); do
    case $1 in
      --config) config=$2 && shift 2 ;;
      n[1-9] | api) targets+=("$1") && shift ;;
      *) die "deploy: what is $1?" ;;
    esac
  done
  lock_run
  if ((!${#targets[@]})); then mapfile -t targets < <(nodes); fi
  for c in "${targets[@]}"; do running "$c" || die "$c does not run (run $RUN)"; done
  [[ -d $TREE/dist/agent ]] || die "nothing is built: npx tsc"
  stage=$(mktemp -d "$S/deploy.XXXXXX")
  if ! { deploy_stage "$stage" && deploy_config "${config}" >"$stage.ini" && each deploy_machine "${targets[@]}"; }; then
    rm -rf "$stage" "$stage.ini"
    die "deploy failed"
  fi
  rm -rf "$stage" "$stage.ini"
  took "deployed on ${targets[*]}" "$start"
}

production_packages() { # directories below node_modules that `npm ci --omit=dev` would install, from the lock file
  node -e '
    const { packages } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    for (const [path, p] of Object.entries(packages)) if (path && !p.dev && !p.link) console.log(path);
  ' "$TREE/package-lock.json"
}
deploy_stage() { # DIR: the tree as it shall be, once
  local dir=$1 lib=$1/$LIBDIR path unit
  chmod 755 "$dir" # cp -a hands it on to the root of the machine
  mkdir -p "$lib/dist" "$dir/usr/bin"
  cp "$TREE/package.json" "$lib/"
  cp -a "$TREE/dist/agent" "$lib/dist/"
  node "$TREE/scripts/bundle-hook.mjs" "$lib/dist/nic.cjs"
  [[ ! -d $TREE/dist/central ]] || cp -a "$TREE/dist/central" "$lib/dist/"
  [[ ! -d $TREE/hooks ]] || cp -a "$TREE/hooks" "$lib/"
  for path in "$TREE"/native/build/Release/*.node; do install -D -m 644 "$path" "$lib/native/build/Release/$(basename "$path")"; done
  while read -r path; do
    [[ ! -d $TREE/$path ]] || { mkdir -p "$lib/$(dirname "$path")" && cp -aT "$TREE/$path" "$lib/$path"; }
  done < <(production_packages)
  chown -R root:root "$lib"
  chmod -R go=rX,u+rwX "$lib"

  printf '#!/bin/sh\nexec /usr/bin/node /%s/dist/agent/bin/okeanid.js "$@"\n' "$LIBDIR" >"$dir/usr/bin/okeanid"
  sed "s|@HOME@|/$LIBDIR|" "$TREE/scripts/okeanid-central.sh" >"$dir/usr/bin/okeanid-central"
  chmod 755 "$dir"/usr/bin/*
  ln -sfn okeanid "$dir/usr/lib/okeanid-central"
  for unit in "$TREE"/systemd/*.{service,target,socket,timer,path}; do
    install -D -m 644 "$unit" "$dir/usr/lib/systemd/system/$(basename "$unit")"
  done
  for path in "$TREE"/systemd/*.sysusers "$TREE"/systemd/sysusers.d/*.conf; do
    install -D -m 644 "$path" "$dir/usr/lib/sysusers.d/$(basename "${path%.*}").conf"
  done
  for path in "$TREE"/systemd/*.tmpfiles "$TREE"/systemd/tmpfiles.d/*.conf; do
    install -D -m 644 "$path" "$dir/usr/lib/tmpfiles.d/$(basename "${path%.*}").conf"
  done
}
lab_url() { echo "amqp://okeanid:$SECRET@$MGMT.210:5672/"; } # the broker of the run, as machines see it
deploy_config() { # [FILE]
  if [[ $1 ]]; then cat "$1"; else printf '[broker]\nurl = %s\n' "$(lab_url)"; fi
}
deploy_machine() { # MACHINE: copy, then what a package's postinst does
  local c=$1 r
  r=$(root "$c")
  rm -rf "${r:?}/$LIBDIR"
  cp -a "$stage/." "$r/"
  install -D -m 640 "$stage.ini" "$r/etc/okeanid/okeanid.ini"
  # shellcheck disable=SC2016
  sh_in "$c" sh -ec '
    for one in okeanid okeanid-central; do
      [ ! -e /usr/lib/sysusers.d/$one.conf ] || systemd-sysusers $one.conf
      [ ! -e /usr/lib/tmpfiles.d/$one.conf ] || systemd-tmpfiles --create $one.conf
    done
    ! getent group okeanid >/dev/null || chgrp okeanid /etc/okeanid/okeanid.ini
    systemctl daemon-reload
    okeanid config compile >/dev/null
    [ ! -d /etc/ganeti ] || okeanid hooks install >/dev/null'
}
install_debs() { # [MACHINE..] DEB..: on these (every node). They have no internet: dependencies are fetched with the host's network
  local start debs=() targets=()
  start=$(now_ms)
  while [[ ${1:-} == @(n[1-9]|api) ]]; do targets+=("$1") && shift; done
  (($#)) || die "install [MACHINE..] DEB.."
  if ((!${#targets[@]})); then mapfile -t targets < <(nodes); fi
  debs=("$@")
  each install_machine "${targets[@]}" || die "install failed"
  took "installed on ${targets[*]}" "$start"
}
install_machine() { # MACHINE
  local c=$1 r file inside=()
  r=$(root "$c")
  for file in "${debs[@]}"; do inside+=("/var/cache/lab/$(basename "$file")"); done
  mkdir -p "$r/var/cache/lab"
  cp -- "${debs[@]}" "$r/var/cache/lab/"
  cp -L /etc/resolv.conf "$r/etc/resolv.conf"
  chroot "$r" apt-get -qq -y --download-only --allow-downgrades install "${inside[@]}" || die "$c: dependencies"
  : >"$r/etc/resolv.conf"
  sh_in "$c" env DEBIAN_FRONTEND=noninteractive apt-get -y -qq --reinstall --allow-downgrades install "${inside[@]}" || die "$c: install"
}
