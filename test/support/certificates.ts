import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** A certificate that an authority signed: PEM texts and the files that they are in. */
export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: string
  readonly key: string
}

/** An authority of a test's own. */
export interface Authority {
  readonly caFile: string
  readonly ca: string
  /** Signs for a DNS name, for some days from now; fewer than none for one that has expired. */
  sign(name: string, days?: number): Certificate
}

/** Makes an authority with openssl(1) in a new folder. */
export function makeAuthority(folder: string): Authority {
  mkdirSync(folder)
  const inside = (name: string) => path.join(folder, name)
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=authority',
  )
  let count = 0
  return {
    caFile: inside('ca.pem'),
    ca: readFileSync(inside('ca.pem'), 'utf8'),
    sign(name, days = 30) {
      count += 1
      const [key, request, cert] = [`${count}.key`, `${count}.csr`, `${count}.pem`]
      openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=${name}`)
      writeFileSync(inside('san'), `subjectAltName=DNS:${name}\n`)
      const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'san']
      openssl('x509', '-req', '-in', request, ...authority, '-days', String(days), '-out', cert)
      return {
        certFile: inside(cert),
        keyFile: inside(key),
        cert: readFileSync(inside(cert), 'utf8'),
        key: readFileSync(inside(key), 'utf8'),
      }
    },
  }
}
