import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../../test/support/temporary-folder.js'

/** What is measured: a copy, for others may build while it runs. */
export interface Programs {
  /** The whole command line program. */
  readonly okeanid: string
  /** Path of one of our own small programs. */
  readonly own: (name: 'window' | 'generation') => string
  /** An empty script. */
  readonly empty: string
  /** Writes the hook for a node whose folders are not the usual ones. */
  readonly hook: (file: string, state: string, runtime: string) => void
  /** Ganeti's own script, without hooks; undefined where no laboratory was ever built here. */
  readonly ganeti: string | undefined
}

const checkout = fileURLToPath(new URL('../../..', import.meta.url))

/** Where the laboratory unpacks Debian's Ganeti. */
const laboratory = '/var/cache/okeanid-lab'

/** Copies what has been built into a folder of its own, and bundles the hook as a package does. */
export function copyPrograms(): { readonly programs: Programs } & Disposable {
  const folder = temporaryFolder('bench')
  const close = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    return { programs: copyInto(folder), [Symbol.dispose]: close }
  } catch (error) {
    close()
    throw error
  }
}

function copyInto(folder: string): Programs {
  mkdirSync(path.join(folder, 'dist'))
  for (const name of ['agent', 'bench'])
    cpSync(path.join(checkout, 'dist', name), path.join(folder, 'dist', name), { recursive: true })
  cpSync(path.join(checkout, 'package.json'), path.join(folder, 'package.json'))
  for (const name of ['native', 'node_modules'])
    symlinkSync(path.join(checkout, name), path.join(folder, name))
  const bundle = path.join(folder, 'dist/nic.cjs')
  execFileSync(process.execPath, [path.join(checkout, 'scripts/bundle-hook.mjs'), bundle])
  const empty = path.join(folder, 'empty.cjs')
  writeFileSync(empty, '')
  const hookText = readFileSync(path.join(checkout, 'hooks/okeanid-nic'), 'utf8')
  return {
    okeanid: path.join(folder, 'dist/agent/bin/okeanid.js'),
    own: (name) => path.join(folder, `dist/bench/nics/${name}.js`),
    empty,
    ganeti: copyGanetis(folder),
    hook(file, state, runtime) {
      const places = `--state-directory ${state} --runtime-directory ${runtime}`
      const usual = '/usr/lib/okeanid/dist/nic.cjs "$action"'
      if (!hookText.includes(usual)) throw new Error(`the hook has no ${usual}`)
      const text = hookText
        .replace(usual, `${bundle} "$action" ${places}`)
        .replace('in /usr/bin/node ', `in ${process.execPath} `)
      writeFileSync(file, text, { mode: 0o755 })
    },
  }
}

function copyGanetis(folder: string): string | undefined {
  if (!existsSync(laboratory)) return undefined
  for (const base of readdirSync(laboratory)) {
    const from = path.join(laboratory, base, 'root/usr/lib/ganeti/3.1/usr/lib/ganeti')
    if (!existsSync(path.join(from, 'kvm-ifup'))) continue
    const common = path.join(folder, 'net-common')
    cpSync(path.join(from, 'net-common'), common)
    const script = path.join(folder, 'kvm-ifup')
    const text = readFileSync(path.join(from, 'kvm-ifup'), 'utf8')
    writeFileSync(script, text.replace('/usr/lib/ganeti/net-common', common), { mode: 0o755 })
    return script
  }
  return undefined
}
