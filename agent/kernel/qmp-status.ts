import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'

/** Nobody waits for us longer: QEMU answers within milliseconds, or serves somebody who came at the same moment. */
const timeoutMs = 500

/** A status has some hundred bytes, and events may come between. */
const maxAnswerBytes = 64 * 1024

/**
 * Asks a QEMU for its `RunState` by QMP (`query-status`, qapi/run-state.json), and lets go of it at once.
 *
 * QEMU serves one client at a time and lets two wait. Ganeti does not wait for a place (`connect` of monitor.py fails with EAGAIN), so
 * nobody is asked who serves somebody, or for whom somebody waits.
 *
 * @param socketPath Ganeti's `ctrl/INSTANCE.qmp`
 * @returns undefined when it serves somebody else, or there is no answer within half a second: it hangs, or is gone
 */
export async function askRunState(socketPath: string): Promise<string | undefined> {
  return (await isServing(socketPath)) ? undefined : query(socketPath)
}

/** Sockets that were accepted, and those that wait to be, have the path of the one that listens (`/proc/net/unix`). */
async function isServing(socketPath: string): Promise<boolean> {
  const name = `/${socketPath.split('/').slice(-3).join('/')}` // /var/run there may be /run here
  const sockets = await readFile('/proc/net/unix', 'utf8').catch(() => '')
  return sockets.split('\n').filter((line) => line.endsWith(name)).length > 1
}

function query(socketPath: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    let text = ''
    const end = (state: string | undefined): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(state)
    }
    const timer = setTimeout(end, timeoutMs, undefined)
    socket.setEncoding('utf8')
    socket.on('error', () => end(undefined))
    socket.on('close', () => end(undefined))
    // commands are taken only after the greeting
    socket.once('data', () =>
      socket.write('{"execute":"qmp_capabilities"}{"execute":"query-status","id":"okeanid"}'),
    )
    socket.on('data', (part: string) => {
      text += part
      const state = text
        .split('\n')
        .map(stateIn)
        .find((found) => found !== undefined)
      if (state !== undefined || text.length > maxAnswerBytes) end(state)
    })
  })
}

/** What a line says, if it is the answer. */
function stateIn(line: string): string | undefined {
  try {
    const { id, return: answer } = JSON.parse(line)
    return id === 'okeanid' && typeof answer?.status === 'string' ? answer.status : undefined
  } catch {
    return undefined // a part of a line
  }
}
