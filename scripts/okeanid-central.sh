#!/bin/sh
# The program of the central API. Root becomes the service's own user: files of the store that root made would lock the service out.
program=@HOME@/dist/central/bin/okeanid-central.js
if [ "$(id -u)" = 0 ] && id okeanid-central >/dev/null 2>&1; then
  exec setpriv --reuid=okeanid-central --regid=okeanid-central --init-groups /usr/bin/node "$program" "$@"
fi
exec /usr/bin/node "$program" "$@"
