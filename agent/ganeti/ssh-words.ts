/** One node that is to be asked over ssh. */
export interface SshTarget {
  readonly clusterName: string
  /** By the name that Ganeti knows. */
  readonly node: string
  /** Undefined where Ganeti says nothing of it. */
  readonly port: number | undefined
  /** Ganeti's own file of host keys, one for all nodes of the cluster. */
  readonly knownHostsFile: string
  readonly connectSeconds: number
}

/**
 * How ssh is called for a command on a node, as `gnt-cluster command` does (lib/ssh.py, `SshRunner.BuildCmd`): as root, with
 * the cluster's own host keys under the cluster's name, and never with a question. Unlike there ssh may say what is wrong.
 */
export function sshArguments(target: SshTarget, command: string): readonly string[] {
  const { clusterName, node, port, knownHostsFile, connectSeconds } = target
  return [
    '-oEscapeChar=none',
    '-oHashKnownHosts=no',
    `-oGlobalKnownHostsFile=${knownHostsFile}`,
    '-oUserKnownHostsFile=/dev/null',
    '-oCheckHostIp=no',
    `-oConnectTimeout=${connectSeconds}`,
    `-oHostKeyAlias=${clusterName}`,
    '-oLogLevel=ERROR',
    ...(port === undefined ? [] : [`-oPort=${port}`]),
    '-oBatchMode=yes',
    '-oStrictHostKeyChecking=yes',
    `root@${node}`,
    command,
  ]
}

/** The ports in `ssconf_ssh_ports`, lines `node=22`; what is no such line is left out. */
export function parseSshPorts(text: string): ReadonlyMap<string, number> {
  const ports = text.split('\n').flatMap((line): readonly (readonly [string, number])[] => {
    const [, name, digits] = /^\s*([^\s=]+)=(\d{1,5})\s*$/.exec(line) ?? []
    return name === undefined ? [] : [[name, Number(digits)]]
  })
  return new Map(ports)
}
