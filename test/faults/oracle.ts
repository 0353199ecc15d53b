import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * What Ganeti wrote, read from its job files without any of the agent's code: the final status of each op that has a message of its
 * own, and of each job the final statuses of all its ops. That is what DESIGN 3.3 guarantees to arrive.
 */

/** Facts by what names them; the value says where they were read. */
export type Facts = ReadonlyMap<string, string>

interface FileOp {
  readonly input: Readonly<Record<string, unknown>>
  readonly status: string
}

interface JobFile {
  readonly id: number
  readonly ops: readonly FileOp[]
}

const finalStatuses: readonly string[] = ['success', 'error', 'canceled']

/** Whether an op or a job can have no other status after this one. */
export function isFinalStatus(status: unknown): boolean {
  return finalStatuses.includes(String(status))
}

/** Names the end of an op. */
export function opFact(jobId: unknown, opIndex: unknown, status: unknown): string {
  return `job ${jobId}, op ${opIndex}: ${status}`
}

/** Names the end of a job. */
export function jobFact(jobId: unknown, statuses: readonly unknown[]): string {
  return `job ${jobId}: ${statuses.join(' ')}`
}

/** Reads a queue directory and its archive. A file that moves there meanwhile is seen, one that is no whole job is not. */
export function readFacts(queueDirectory: string): Facts {
  const facts = new Map<string, string>()
  const archive = path.join(queueDirectory, 'archive')
  const folders = [queueDirectory, ...namesIn(archive).map((name) => path.join(archive, name))]
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      if (!/^job-\d+$/.test(name)) continue
      const file = path.join(folder, name)
      for (const fact of readJobFacts(file)) facts.set(fact, file)
    }
  }
  return facts
}

/** Reads one job file; one that is no whole job says nothing. */
export function readJobFacts(file: string): readonly string[] {
  return factsOf(readJob(file))
}

/** The statuses that at most so many ops of a job are listed with in a message. */
const listedOps = 100

function factsOf(job: JobFile | undefined): readonly string[] {
  if (job === undefined) return []
  const ops = job.ops.flatMap((op, index) =>
    isFinalStatus(op.status) && hasOwnMessage(op) ? [opFact(job.id, index, op.status)] : [],
  )
  const statuses = job.ops.map(({ status }) => status)
  const isEnded = statuses.every(isFinalStatus)
  return isEnded ? [...ops, jobFact(job.id, statuses.slice(0, listedOps))] : ops
}

/** DESIGN 3.3: opcodes that name an instance, network opcodes, changes of an instance's tags, and of the cluster's parameters. */
function hasOwnMessage({ input }: FileOp): boolean {
  const opcode = String(input['OP_ID'])
  const names = (key: string) => typeof input[key] === 'string' && input[key] !== ''
  if (opcode.startsWith('OP_INSTANCE_')) return names('instance_name')
  if (opcode.startsWith('OP_NETWORK_')) return names('network_name')
  if (opcode === 'OP_TAGS_SET' || opcode === 'OP_TAGS_DEL')
    return input['kind'] === 'instance' && names('name')
  return opcode === 'OP_CLUSTER_SET_PARAMS'
}

function readJob(file: string): JobFile | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JobFile
  } catch {
    return undefined
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
