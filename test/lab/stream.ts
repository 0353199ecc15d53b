/**
 * A program: talks to an echo server from before to after whatever happens, and prints as JSON what came back. Arguments: host, port,
 * seconds. One line each 20 ms, numbered; a stream that lost or changed a byte is not whole.
 */
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What a stream says of itself. */
export interface StreamReport {
  readonly sent: number
  readonly echoed: number
  /** All lines came back, in order, unchanged. */
  readonly isWhole: boolean
  /** Longest time in which nothing came back. */
  readonly longestGapMs: number
  readonly problem: string | null
}

const everyMs = 20

async function talk(host: string, port: number, seconds: number): Promise<StreamReport> {
  const socket = connect(port, host)
  socket.setNoDelay(true)
  let problem: string | null = null
  socket.on('error', (error) => {
    problem = error.message
  })
  await new Promise<void>((resolve) =>
    socket.once('connect', resolve).once('error', () => resolve()),
  )
  let received = ''
  let lastMs = performance.now()
  let longestGapMs = 0
  const see = (): void => {
    longestGapMs = Math.max(longestGapMs, performance.now() - lastMs)
    lastMs = performance.now()
  }
  socket.on('data', (bytes) => {
    received += String(bytes)
    see()
  })
  const lines: string[] = []
  const endMs = performance.now() + seconds * 1000
  while (performance.now() < endMs && problem === null) {
    const line = `line ${lines.length} ${'.'.repeat(80)}\n`
    lines.push(line)
    socket.write(line)
    await delay(everyMs)
  }
  const expected = lines.join('')
  for (let waits = 0; waits < 250 && received.length < expected.length; waits++)
    await delay(everyMs)
  see()
  socket.destroy()
  const isWhole = received === expected && lines.length > 0
  return {
    sent: lines.length,
    echoed: received.split('\n').length - 1,
    isWhole,
    longestGapMs: Math.round(longestGapMs),
    problem,
  }
}

const [, , host = '', port = '', seconds = ''] = process.argv
if (host !== '') console.log(JSON.stringify(await talk(host, Number(port), Number(seconds))))
