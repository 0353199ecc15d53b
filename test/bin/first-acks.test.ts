import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openFirstAcks } from '#bin/first-acks.js'
import { parseFact, type ToldFact } from '#event/node-fact.js'
import { nicService } from '../support/nic4.js'

const nic = nicService(undefined)

function places(t: Test): { readonly spoolDirectory: string; readonly stateFile: string } {
  const root = t.testdir({ spool: {} })
  return { spoolDirectory: path.join(root, 'spool'), stateFile: path.join(root, 'state.json') }
}

function told(spool: string): readonly ToldFact[] {
  return readdirSync(spool).flatMap((name) => {
    const fact = parseFact(readFileSync(path.join(spool, name), 'utf8'))
    return fact.ok ? [fact.value] : []
  })
}

t.test('the first DHCPACK of a tap is told, renewals are not', async (t) => {
  const at = places(t)
  await using acks = await openFirstAcks(at, () => {})
  acks.onAcknowledged(7, nic)
  acks.onAcknowledged(7, nic)
  acks.onAcknowledged(8, nic)
  await nextTurn()
  const facts = told(at.spoolDirectory)
  t.match(facts, [{ id: /\.dhcp-7$/ }, { id: /\.dhcp-8$/ }])
  t.match(facts[0]?.fact, { kind: 'nic', status: 'dhcp', instance: nic.instance })
  t.match(facts[0]?.fact, { nic: { tap: nic.tap, mac: nic.mac } })
})

t.test('a responder that starts anew remembers what it told', async (t) => {
  const at = places(t)
  {
    await using acks = await openFirstAcks(at, () => {})
    acks.onAcknowledged(7, nic)
    await nextTurn()
  }
  await using acks = await openFirstAcks(at, () => {})
  acks.onAcknowledged(7, nic)
  acks.onAcknowledged(9, nic)
  await nextTurn()
  t.match(told(at.spoolDirectory), [{ id: /\.dhcp-7$/ }, { id: /\.dhcp-9$/ }])
  t.equal(told(at.spoolDirectory).length, 2)
})

t.test('a spool that cannot be written costs a line of the log, and no packet', async (t) => {
  const { stateFile } = places(t)
  const events: string[] = []
  await using acks = await openFirstAcks(
    { spoolDirectory: '/proc/version/spool', stateFile },
    (_level, event) => void events.push(event),
  )
  acks.onAcknowledged(7, nic)
  acks.onAcknowledged(8, nic)
  await nextTurn()
  t.strictSame(events, ['first-ack-not-told'])
})

t.test('without a spool nobody wants to know', async (t) => {
  const { stateFile, spoolDirectory } = places(t)
  const events: string[] = []
  const missing = path.join(spoolDirectory, 'none')
  await using acks = await openFirstAcks(
    { spoolDirectory: missing, stateFile },
    (_level, event) => void events.push(event),
  )
  acks.onAcknowledged(7, nic)
  await nextTurn()
  t.strictSame(events, [])
})
