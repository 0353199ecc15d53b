import t from 'tap'
import { nearest } from '#doctor/config-findings.js'
import { diskFindings } from '#doctor/disk-findings.js'
import { type SurroundingFacts, surroundingFindings } from '#doctor/host-findings.js'
import { type NetworkFacts, networkFindings } from '#doctor/network-findings.js'

/** What a test host cannot be broken for; all else is in test/bin/doctor.test.ts. */

const quiet: SurroundingFacts = {
  ganetiProblem: undefined,
  isStranger: false,
  flushesRuleset: false,
  nfdhcpdAtBoot: undefined,
  breakGlass: undefined,
  compiled: undefined,
  refusedScripts: [],
  isClockFree: false,
  units: [{ name: 'okeanid-nics', isFailed: false, result: 'success', isEnabled: true }],
}

const network: NetworkFacts = {
  missing: [],
  bridges: [{ name: 'br0', isUp: true, hasUplink: true }],
  loose: [],
  dhcpServers: [],
  isStrict: false,
  tracked: { count: 100, max: 1000 },
}

const lines = (findings: ReturnType<typeof surroundingFindings>) =>
  findings.map(({ level, about, what, cure }) => `${level} ${about}: ${what}; ${cure}`)

t.test('where all is well nothing is said', async (t) => {
  t.strictSame(lines(surroundingFindings(quiet)), [])
  t.strictSame(lines(networkFindings(network)), [])
})

const unit = { name: 'okeanid-nics', isFailed: true, result: 'exit-code', isEnabled: true }

const cases: readonly {
  readonly name: string
  readonly got: readonly string[]
  readonly says: RegExp
}[] = [
  {
    name: 'a unit that failed',
    got: lines(surroundingFindings({ ...quiet, units: [unit] })),
    says: /^broken unit: okeanid-nics has failed: it ended with an error; journalctl -u okeanid-nics/,
  },
  {
    name: 'a unit that the kernel killed',
    got: lines(surroundingFindings({ ...quiet, units: [{ ...unit, result: 'oom-kill' }] })),
    says: /for want of memory/,
  },
  {
    name: 'a unit that is not enabled',
    got: lines(
      surroundingFindings({ ...quiet, units: [{ ...unit, isFailed: false, isEnabled: false }] }),
    ),
    says: /^note unit: okeanid-nics is not started at boot; systemctl enable okeanid-nics/,
  },
  {
    name: 'a clock that nobody keeps',
    got: lines(surroundingFindings({ ...quiet, isClockFree: true })),
    says: /^note clock: .*; apt install chrony/,
  },
  {
    name: 'a compiled configuration that is not there',
    got: lines(surroundingFindings({ ...quiet, compiled: 'missing' })),
    says: /^broken starts: nic up has no compiled configuration/,
  },
  {
    name: 'a table of connections that is nearly full',
    got: lines(networkFindings({ ...network, tracked: { count: 900, max: 1000 } })),
    says: /^broken network: the kernel tracks 900 connections of at most 1000.*nf_conntrack_max=4000/,
  },
  {
    name: 'dnsmasq',
    got: lines(
      networkFindings({
        ...network,
        dhcpServers: [{ address: '0.0.0.0', owner: 'dnsmasq (pid 812)' }],
      }),
    ),
    says: /^note network: dnsmasq \(pid 812\) answers DHCP as well.*systemctl disable --now dnsmasq/,
  },
  {
    name: 'few inodes',
    got: lines(
      diskFindings({
        directory: '/var/lib/okeanid',
        space: { isTmpfs: false, availableBytes: 1e12, freeInodes: 7, totalInodes: 1e6 },
        spools: [],
      }),
    ),
    says: /^note disk: 7 files more can be made/,
  },
  {
    name: 'no state directory',
    got: lines(diskFindings({ directory: '/var/lib/okeanid', space: undefined, spools: [] })),
    says: /^broken disk: \/var\/lib\/okeanid is not there; systemd-tmpfiles --create/,
  },
]

for (const { name, got, says } of cases)
  t.test(name, async (t) => {
    t.equal(got.length, 1)
    t.match(got[0], says)
  })

t.test('what was meant is two typing errors away at most', async (t) => {
  const words = ['rescan', 'lookback', 'heartbeat']
  t.equal(nearest('rescann', words), 'rescan')
  t.equal(nearest('hartbaet', words), undefined)
  t.equal(nearest('heartbaet', words), 'heartbeat')
  t.equal(nearest('rseca', words), undefined)
})
