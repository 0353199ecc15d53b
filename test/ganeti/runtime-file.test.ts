import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { parseRuntimeFile } from '#ganeti/runtime-file.js'
import { fixturePath } from '../support/fixture.js'
import { recordedVariables, wordsOf } from '../support/nic-setup.js'

const recorded = readFileSync(fixturePath('runtime', 'k2.lab.example.runtime'), 'utf8')

t.test('says the same of six NICs as their scripts were told', async (t) => {
  const parsed = parseRuntimeFile(recorded)
  t.ok(parsed.ok && parsed.value.problems.length === 0)
  const nics = parsed.ok ? parsed.value.nics : []
  const modes = ['bridged', 'bridged', 'routed', 'bridged', 'bridged', 'routed']
  t.equal(nics.length, modes.length)
  for (const [index, mode] of modes.entries()) {
    const {
      tap,
      instance,
      index: at,
      instanceTags,
      ...told
    } = wordsOf(recordedVariables(`kvm-create-six-nics.nic${index}-${mode}`))
    t.same(nics[index], told, `NIC ${at} of ${instance}, ${tap}, ${instanceTags.length} tags`)
  }
})

t.test('names that cannot be shown are left out', async (t) => {
  const netinfo = { name: 'naïve', uuid: 'b1', tags: [] }
  const nicparams = { mode: 'bridged', link: 'br0' }
  const nic = { name: 'ü', mac: 'aa:00:00:00:00:01', uuid: 'a1', nicparams, netinfo }
  t.match(parseRuntimeFile(JSON.stringify([[], [nic], {}, []])), {
    value: { nics: [{ name: undefined, network: { name: 'b1' } }], problems: [] },
  })
})

t.test('one bad NIC does not hide the others', async (t) => {
  const nic = { mac: 'aa:00:00:00:00:01', uuid: 'a1', nicparams: { mode: 'bridged', link: 'br0' } }
  const parsed = parseRuntimeFile(
    JSON.stringify([['kvm'], [{ ...nic, mac: 'none' }, nic, { uuid: 'a2' }, null], {}, []]),
  )
  t.match(parsed, {
    ok: true,
    value: {
      nics: [{ mac: 'aa:00:00:00:00:01', mode: 'bridged', link: 'br0', network: undefined }],
      problems: [
        /^NIC 0: mac wants a unicast/,
        /^NIC 2: mode is missing/,
        /^NIC 2: mac is missing/,
        /^NIC 3: mode/,
        /^NIC 3: uuid/,
        /^NIC 3: mac/,
      ],
    },
  })
})

t.test('what is no runtime file is a problem, never an exception', async (t) => {
  for (const text of ['', '{}', '[]', '[1]', '[[],{}]', 'null', '"x"', recorded.slice(0, 100)]) {
    t.notOk(parseRuntimeFile(text).ok, text.slice(0, 20))
  }
  fc.assert(
    fc.property(fc.json(), (text) => {
      parseRuntimeFile(`[[], [${text}], {}, []]`)
      parseRuntimeFile(text)
    }),
  )
})
