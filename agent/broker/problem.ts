import { AgentError, hasCode, systemCode } from '#errors.js'

/** What is known about where something failed. */
export interface ProblemPlace {
  /** `host:port/vhost` */
  readonly host: string
  readonly user: string
  readonly vhost: string
  readonly exchange: string
}

/** Where an address leads, without its password. */
export function placeOf(url: string, exchange: string): ProblemPlace {
  const { hostname, port, username, pathname, protocol } = new URL(url)
  const vhost = pathname.length > 1 ? decodeURIComponent(pathname.slice(1)) : '/'
  const shownPort = port || (protocol === 'amqps:' ? '5671' : '5672')
  return {
    host: `${hostname}:${shownPort}${vhost === '/' ? '' : `/${vhost}`}`,
    user: decodeURIComponent(username) || 'guest',
    vhost,
    exchange,
  }
}

/**
 * What a failed connection or a closed channel means, as a sentence with the cure.
 *
 * `BROKER_REFUSED` when the broker answered and said no, `BROKER_UNREACHABLE` when nobody answered. The cause is the
 * library's error; neither it nor the sentence holds the password.
 */
export function brokerProblem(error: unknown, place: ProblemPlace): AgentError {
  const refused = refusal(error, place)
  return refused === undefined
    ? new AgentError('BROKER_UNREACHABLE', `${place.host}: ${unreachable(error)}`, { cause: error })
    : new AgentError('BROKER_REFUSED', `${place.host}: ${refused}`, { cause: error })
}

/** The same for whoever had messages under way: `BROKER_REFUSED`, or `BROKER_LOST` when it is not known what became of them. */
export function lossProblem(error: unknown, place: ProblemPlace): AgentError {
  const problem = brokerProblem(error, place)
  if (problem.code === 'BROKER_REFUSED') return problem
  return new AgentError('BROKER_LOST', problem.message, { cause: error })
}

/** Whether the broker ended a channel over the very message that was under way, whatever else may change: it is too large. */
export function isTooLarge(error: unknown): boolean {
  return (
    replyCode(error) === 406 &&
    error instanceof Error &&
    /message size \d+ is larger/.test(error.message)
  )
}

/** The AMQP reply code of a library error: a channel's `code`, or the one quoted when a handshake is refused. */
export function replyCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'number') return error.code
  const [, quoted] = /\b(\d{3}) \((?:[A-Z-]+)\) with message/.exec(error.message) ?? []
  return quoted === undefined ? undefined : Number(quoted)
}

/** Ends that are nobody's fault: an orderly goodbye, an operator or a shutdown, a broker with troubles of its own. */
const FAREWELLS: ReadonlySet<number> = new Set([200, 320, 541])

function refusal(error: unknown, place: ProblemPlace): string | undefined {
  const { user, vhost, exchange } = place
  const said = error instanceof Error ? error.message : ''
  // amqplib tells neither code nor text of a refused connection.open; only the virtual host is refused that late.
  if (/^Expected ConnectionOpenOk; got <ConnectionClose/.test(said)) return noVhost(place)
  const code = replyCode(error)
  if (code === undefined || FAREWELLS.has(code)) return undefined
  switch (code) {
    case 403:
      return accessRefused(said, place)
    case 404:
      return `exchange '${exchange}' in virtual host '${vhost}' is gone; it is declared again at the next attempt`
    case 405:
      return `${quoted(said)}; another connection of user ${user} has it for itself`
    case 406:
      return preconditionFailed(said, place)
    case 530:
      return noVhost(place)
    default:
      return quoted(said)
  }
}

function accessRefused(said: string, { user, vhost }: ProblemPlace): string {
  if (/^Handshake/.test(said)) {
    return `user ${user} is not let in: check user and password in [broker] url or password_file`
  }
  const [, access, kind, name] = /(\w+) access to (\w+) '([^']*)'/.exec(said) ?? []
  if (access === undefined || name === undefined) return quoted(said)
  const pattern = kind === 'exchange' ? `^${name}$` : '.*'
  return `user ${user} may not ${access} ${kind} '${name}' in virtual host '${vhost}': rabbitmqctl set_permissions -p ${vhost} ${user} '${pattern}' '${pattern}' '${pattern}'`
}

function preconditionFailed(said: string, { exchange }: ProblemPlace): string {
  const found = /inequivalent arg '(\w+)' for (\w+) '([^']*)'.* current is '?([^'"]*)/.exec(said)
  if (!found) return quoted(said)
  const [, argument, kind, name, current] = found
  if (kind !== 'exchange') return `${kind} '${name}' exists with ${argument} ${current}: delete it`
  const instead = argument === 'type' ? `as ${current}, not topic` : `with ${argument} ${current}`
  return `exchange '${exchange}' exists ${instead}: delete it (rabbitmqadmin delete exchange name=${name}) or set another [broker] exchange`
}

function noVhost({ user, vhost }: ProblemPlace): string {
  return `virtual host '${vhost}' does not exist or is not for user ${user}: rabbitmqctl add_vhost ${vhost}; rabbitmqctl set_permissions -p ${vhost} ${user} '.*' '.*' '.*'`
}

/** What the broker said, without the library's frame around it. */
function quoted(said: string): string {
  return `the broker refused: ${/with message "(.*)"$/s.exec(said)?.[1] ?? said}`
}

function unreachable(error: unknown): string {
  const code = systemCode(error)
  const said = error instanceof Error ? error.message : String(error)
  // a file of ours that cannot be read: its sentence says which
  if (hasCode(error, 'CONFIG_INVALID')) return said
  if (code === 'ECONNREFUSED') return 'connection refused: is RabbitMQ running there?'
  if (code === 'ECONNRESET' || /^Socket closed abruptly/.test(said)) {
    return `the connection was cut${code ? ` (${code})` : ''}: see RabbitMQ's log; a TLS port needs amqps://`
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the name cannot be resolved'
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'no TLS there: use amqp://, or the TLS port'
  const tls = tlsProblem(code, said)
  if (tls !== undefined) return `TLS: ${tls}`
  if (/maxFrameSize/.test(said)) return 'what answers there does not speak AMQP'
  const [, silence] = /^Heartbeat timeout: (.*)$/.exec(said) ?? []
  if (silence !== undefined) return `no answer in time: ${silence}`
  if (/ETIMEDOUT|^Heartbeat timeout/.test(said)) return 'no answer in time'
  if (replyCode(error) !== undefined) return quoted(said).replace('refused', 'ended the connection')
  return code ?? said
}

/** Names of OpenSSL's verdicts (x509(3)) and of Node's own; undefined when it is not about TLS. */
function tlsProblem(code: string | undefined, said: string): string | undefined {
  switch (code) {
    case undefined:
      return undefined
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the broker’s certificate is for another name (${said.replace(/^.*?altnames: /, '')}): use that name in [broker] url, or have the certificate made for this one`
    case 'CERT_HAS_EXPIRED':
      return 'the broker’s certificate, or its authority’s, has expired: renew it (openssl x509 -enddate -noout -in FILE)'
    case 'CERT_NOT_YET_VALID':
      return 'the broker’s certificate is not valid yet: check the clocks of both hosts'
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_SIGNATURE_FAILURE':
      return `the broker’s certificate is signed by an authority that we do not know (${code}): set [broker] ca_file to the authority’s certificate`
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
    case 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE':
    case 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA':
    case 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE':
    case 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED':
      return `the broker wants a certificate of ours that it trusts (${code}): set [broker] cert_file and key_file`
    default:
      return /CERT|TLS|SSL|CRL/.test(code)
        ? `${code}: check [broker] ca_file, cert_file and key_file`
        : undefined
  }
}
