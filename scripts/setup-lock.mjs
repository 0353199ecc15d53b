// @ts-check
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { hasCommand } from './tools.mjs'

const LOCK = '.tap/setup.lock'

/**
 * One setup at a time in this work tree: waits for the others. flock(1) holds the lock for as long as
 * we live, however we end; where there is none, nobody is kept out.
 * @param {{ say: (text: string) => void, signal: AbortSignal }} context
 * @returns {Promise<{ close: () => void }>}
 */
export async function openSetupLock({ say, signal }) {
  if (!hasCommand('flock')) return { close: () => undefined }
  mkdirSync('.tap', { recursive: true })
  const child = spawn('flock', [LOCK, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const close = () => {
    child.stdin.end()
  }
  const notice = setTimeout(() => say('waiting for another setup in this work tree'), 500)
  signal.addEventListener('abort', () => child.kill(), { once: true })
  await new Promise((resolve) => {
    child.stdout.once('data', resolve)
    child.once('close', resolve)
  })
  clearTimeout(notice)
  return { close }
}
