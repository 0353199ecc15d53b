import { hasCode } from '#errors.js'
import { sshArguments } from '#ganeti/ssh-words.js'
import { type ProgramRun, runProgram } from '#kernel/run-program.js'
import type { ClusterNodes } from '#watch/cluster-nodes.js'
import type { AskedNode, NodeAnswer } from './cluster-report.js'
import type { NodeStatus } from './node-status.js'

/** How nodes are asked. */
export interface AskOptions {
  /** For each node, from the beginning of its own call. */
  readonly timeoutMs: number
  /** Stands for ssh in tests. */
  readonly run?: typeof runProgram
}

/** Calls at the same time: each is a process of ssh and little else. */
const parallel = 32

/** How much of an answer is read: the status of a node with thousands of NICs is far below it. */
const maxAnswerBytes = 4 * 1024 * 1024

/** Asks all nodes but this one and those that are offline; in Ganeti's order, whoever answers first. */
export async function askNodes(
  cluster: ClusterNodes,
  own: { readonly node: string; readonly status: NodeStatus },
  options: AskOptions,
): Promise<readonly AskedNode[]> {
  const answers = new Map<string, NodeAnswer>()
  const waiting = [...cluster.nodes]
  async function work(): Promise<void> {
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift())
      answers.set(node, await answerOf(cluster, { node, own }, options))
  }
  await Promise.all(Array.from({ length: parallel }, work))
  return cluster.nodes.flatMap((node) => {
    const answer = answers.get(node)
    return answer === undefined ? [] : [{ node, answer }]
  })
}

async function answerOf(
  { view, offline, sshPorts, knownHostsFile }: ClusterNodes,
  { node, own }: { readonly node: string; readonly own: Parameters<typeof askNodes>[1] },
  { timeoutMs, run = runProgram }: AskOptions,
): Promise<NodeAnswer> {
  if (node === own.node) return { kind: 'status', status: own.status, clockAheadMs: 0 }
  if (offline.has(node)) return { kind: 'offline' }
  const connectSeconds = Math.max(1, Math.ceil(timeoutMs / 2000))
  const target = { clusterName: view.clusterName, node, port: sshPorts.get(node) }
  const args = sshArguments({ ...target, knownHostsFile, connectSeconds }, 'okeanid status --json')
  const beginMs = Date.now()
  try {
    const ended = await run('ssh', args, '', { timeoutMs, maxOutputBytes: maxAnswerBytes })
    return readAnswer(ended, { beginMs, endMs: Date.now() })
  } catch (error) {
    if (!(error instanceof Error) || !hasCode(error, 'PROGRAM_FAILED')) throw error
    const isSlow = /did not end/.test(error.message)
    return {
      kind: 'silent',
      problem: isSlow ? `no answer within ${timeoutMs / 1000} s` : error.message,
      cure: isSlow
        ? 'see whether the node is up; gnt-node modify --offline=yes tells Ganeti that it is not'
        : 'apt install openssh-client',
    }
  }
}

/** What an ended call says of its node. 255 is ssh's own status, 127 the shell's for a program that is not there. */
export function readAnswer(
  { code, stdout, stderr }: ProgramRun,
  { beginMs, endMs }: { readonly beginMs: number; readonly endMs: number },
): NodeAnswer {
  const status = parseStatus(stdout)
  if (status !== undefined) {
    // it looked at its clock at some time in between, which is ours to grant
    const nowMs = status.now_ms ?? beginMs
    const clockAheadMs = nowMs < beginMs ? nowMs - beginMs : Math.max(0, nowMs - endMs)
    return { kind: 'status', status, clockAheadMs }
  }
  const said = stderr.trim().split('\n').at(-1) ?? ''
  if (code === 255)
    return {
      kind: 'silent',
      problem: `no answer: ${said || 'ssh failed'}`,
      cure: 'gnt-cluster command true shows the same; gnt-cluster verify checks Ganeti’s ssh; gnt-node modify --offline=yes if it is down',
    }
  if (code === 127)
    return {
      kind: 'silent',
      problem: 'okeanid is not installed',
      cure: 'install the package okeanid-agent there',
    }
  if (code === 78)
    return {
      kind: 'silent',
      problem: `its configuration cannot be used: ${said.replace(/^okeanid: /, '')}`,
      cure: 'okeanid config check there; gnt-cluster copyfile brings the master’s',
    }
  return {
    kind: 'silent',
    problem: `okeanid status failed (${code}): ${said.replace(/^okeanid: /, '')}`,
    cure: 'okeanid doctor there',
  }
}

function parseStatus(text: string): NodeStatus | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const hasRoles = typeof value === 'object' && value !== null && 'roles' in value
    return hasRoles && Array.isArray(value.roles) ? (value as NodeStatus) : undefined
  } catch {
    return undefined
  }
}
