import t from 'tap'
import { parseSshPorts, sshArguments } from '#ganeti/ssh-words.js'

t.test('ssh is called as Ganeti 3.1 calls it for gnt-cluster command', async (t) => {
  const args = sshArguments(
    {
      clusterName: 'cluster.lab.example',
      node: 'n2.lab.example',
      port: 2222,
      knownHostsFile: '/var/lib/ganeti/known_hosts',
      connectSeconds: 5,
    },
    'okeanid status --json',
  )
  // lib/ssh.py _BuildSshOptions with batch, use_cluster_key, strict_host_check and port; -q left out for the reason of a failure
  t.strictSame(args, [
    '-oEscapeChar=none',
    '-oHashKnownHosts=no',
    '-oGlobalKnownHostsFile=/var/lib/ganeti/known_hosts',
    '-oUserKnownHostsFile=/dev/null',
    '-oCheckHostIp=no',
    '-oConnectTimeout=5',
    '-oHostKeyAlias=cluster.lab.example',
    '-oLogLevel=ERROR',
    '-oPort=2222',
    '-oBatchMode=yes',
    '-oStrictHostKeyChecking=yes',
    'root@n2.lab.example',
    'okeanid status --json',
  ])
})

t.test('ports of ssconf_ssh_ports; what is no such line is left out', async (t) => {
  t.strictSame(
    [...parseSshPorts('n1.lab.example=22\nn2.lab.example=2222\n\nrubbish\nn3=x\n')],
    [
      ['n1.lab.example', 22],
      ['n2.lab.example', 2222],
    ],
  )
})
