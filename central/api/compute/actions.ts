import type { FastifyRequest } from 'fastify'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { addFloatingIp, connectServer, disconnectServer } from '#central/server/connect-server.js'
import { type FirewallProfile, setFirewall } from '#central/server/firewall.js'
import { rebootServer, startServer, stopServer } from '#central/server/power.js'
import { confirmResize, resizeServer, revertResize } from '#central/server/resize-server.js'
import { change } from './change.js'
import { consoleOf } from './consoles.js'
import { lastPart } from './create-wish.js'
import { rebuild } from './rebuild.js'
import { wishOf } from './server-change.js'

/** What is to be answered. */
export interface ActionAnswer {
  readonly status: number
  readonly body?: unknown
}

/** An action: what its argument must be, and what it does. */
export interface Action {
  /** JSON schema; absent: anything, and it is not looked at. */
  readonly argument?: object
  readonly run: (
    context: Context,
    request: FastifyRequest,
    // biome-ignore lint/suspicious/noExplicitAny: its schema says what it is
    argument: any,
  ) => Promise<ActionAnswer>
}

const accepted: ActionAnswer = { status: 202 }

const text = { type: 'string', minLength: 1, maxLength: 255 } as const

const object = (properties: Readonly<Record<string, object>>, required = Object.keys(properties)) =>
  ({ type: 'object', properties, required }) as const

const start: Action = {
  async run(context, request) {
    await change(context, (tx) => startServer(tx, context, wishOf(request)))
    return accepted
  },
}

const stop: Action = {
  async run(context, request) {
    await change(context, (tx) => stopServer(tx, context, wishOf(request)))
    return accepted
  },
}

/** What can be done to a server, by the key of the body. */
export const actions: Readonly<Record<string, Action>> = {
  'os-start': start,
  start,
  'os-stop': stop,
  shutdown: stop,
  reboot: {
    argument: object({ type: { type: 'string', enum: ['SOFT', 'HARD', 'soft', 'hard'] } }),
    async run(context, request, { type }: { type: string }) {
      const wish = { ...wishOf(request), isHard: type.toUpperCase() === 'HARD' }
      await change(context, (tx) => rebootServer(tx, context, wish))
      return accepted
    },
  },
  resize: {
    argument: object({ flavorRef: { type: ['string', 'integer'], minLength: 1, maxLength: 2048 } }),
    async run(context, request, { flavorRef }: { flavorRef: string | number }) {
      const wish = { ...wishOf(request), flavorId: lastPart(String(flavorRef)) }
      await change(context, (tx) => resizeServer(tx, context, wish))
      return accepted
    },
  },
  confirmResize: {
    async run(context, request) {
      await change(context, (tx) => confirmResize(tx, context, wishOf(request)))
      return { status: 204 }
    },
  },
  revertResize: {
    async run(context, request) {
      await change(context, (tx) => revertResize(tx, context, wishOf(request)))
      return accepted
    },
  },
  rebuild,
  firewallProfile: {
    argument: object(
      {
        profile: { type: 'string', enum: ['ENABLED', 'DISABLED', 'PROTECTED'] },
        nic: { type: ['string', 'integer'] },
      },
      ['profile'],
    ),
    async run(
      context,
      request,
      { profile, nic }: { profile: FirewallProfile; nic?: string | number },
    ) {
      const portId = nic === undefined ? undefined : String(nic)
      const wish = { ...wishOf(request), profile, portId }
      await change(context, (tx) => setFirewall(tx, context, wish))
      return accepted
    },
  },
  addFloatingIp: {
    argument: object({ address: text, fixed_address: text }, ['address']),
    async run(context, request, { address }: { address: string }) {
      const wish = { ...wishOf(request), address }
      await change(context, (tx) => addFloatingIp(tx, context, wish))
      return accepted
    },
  },
  removeFloatingIp: removal({ isFloating: true }),
  addFixedIp: {
    argument: object({ networkId: { type: ['string', 'integer'] } }),
    async run(context, request, { networkId }: { networkId: string | number }) {
      if (!/^[1-9]\d{0,14}$/.test(String(networkId))) {
        throw new Fault('itemNotFound', 'there is no such network')
      }
      const wish = { ...wishOf(request), wanted: { networkId: Number(networkId) } }
      await change(context, (tx) => connectServer(tx, context, wish))
      return accepted
    },
  },
  removeFixedIp: removal({ isFloating: false }),
  'os-getVNCConsole': {
    argument: object({ type: { type: 'string', enum: ['novnc', 'xvpvnc'] } }),
    async run(context, request, { type }: { type: string }) {
      const { url } = await consoleOf(context, request)
      return { status: 200, body: { console: { type, url } } }
    },
  },
  console: {
    argument: object({ type: { type: 'string', enum: ['vnc', 'vnc-ws', 'vnc-wss'] } }),
    async run(context, request, { type }: { type: string }) {
      if (type === 'vnc') {
        throw new Fault('notImplemented', 'consoles are WebSockets here: ask for vnc-ws or vnc-wss')
      }
      const { url, host, port, secret } = await consoleOf(context, request)
      return { status: 200, body: { console: { type, host, port, password: secret, url } } }
    },
  },
}

/** Actions of Nova's and Synnefo's that nothing at Ganeti stands for, or that are not here yet. */
export const missingActions: ReadonlySet<string> = new Set([
  ...['changePassword', 'createImage', 'createBackup', 'pause', 'unpause', 'suspend', 'resume'],
  ...['rescue', 'unrescue', 'lock', 'unlock', 'shelve', 'unshelve', 'shelveOffload', 'migrate'],
  ...['os-migrateLive', 'evacuate', 'forceDelete', 'restore', 'resetState', 'os-resetState'],
  ...['injectNetworkInfo', 'resetNetwork', 'addSecurityGroup', 'removeSecurityGroup'],
  ...['os-getConsoleOutput', 'os-getSPICEConsole', 'os-getRDPConsole', 'os-getSerialConsole'],
  ...['os-getMKSConsole', 'trigger_crash_dump', 'reassign'],
])

function removal({ isFloating }: { readonly isFloating: boolean }): Action {
  return {
    argument: object({ address: text }),
    async run(context, request, { address }: { address: string }) {
      const wish = { ...wishOf(request), find: { address, isFloating } }
      await change(context, (tx) => disconnectServer(tx, context, wish))
      return accepted
    },
  }
}
