import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { PacketQueueCounters, QueueState } from '#kernel/packet-queue.js'
import { until } from '../support/until.js'
import type { HolderMessage, HolderOptions } from './holder.js'

/** A queue in a process of its own. */
export interface Holder {
  readonly child: ChildProcess
  readonly uncaught: readonly string[]
  readonly state: QueueState | undefined
  counters(): Promise<PacketQueueCounters>
  /** Stops the process (SIGSTOP); resolves when it really stands still. */
  pause(): Promise<void>
  resume(): void
  close(): Promise<void>
}

/** Starts a holder; resolves when it has bound the queue or waits for it. It dies with the test. */
export async function hold(
  t: Test,
  options: HolderOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<Holder> {
  const program = fileURLToPath(new URL('holder.js', import.meta.url))
  const child = fork(program, [JSON.stringify(options)], {
    execArgv: [],
    env: { ...process.env, ...env },
  })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const uncaught: string[] = []
  let state: QueueState | undefined
  let answer: PacketQueueCounters | undefined
  child.on('message', (message: HolderMessage) => {
    state = message.state ?? state
    answer = message.counters ?? answer
    if (message.uncaught !== undefined) uncaught.push(message.uncaught)
  })
  const ask = async (question: 'counters' | 'close'): Promise<PacketQueueCounters> => {
    answer = undefined
    child.send(question)
    return until(`an answer to ${question}`, () => answer)
  }
  await until('the queue’s state', () => state)
  return {
    child,
    uncaught,
    get state() {
      return state
    },
    counters: () => ask('counters'),
    async pause() {
      child.kill('SIGSTOP')
      await until('the process to stand still', () => stateOf(child.pid) === 'T' || undefined)
    },
    resume: () => child.kill('SIGCONT'),
    async close() {
      await ask('close')
      child.disconnect()
      await exited
    },
  }
}

/** The letter of proc(5): R, S, T … */
function stateOf(pid: number | undefined): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.charAt(0)
}
