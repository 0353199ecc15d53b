import { Fault } from '#central/api/fault.js'
import type { Change } from '#central/store/store.js'
import type { PersonalityFile } from './create-server.js'
import type { ImageRow } from './offers.js'
import { putOneTime } from './one-time.js'
import {
  asksFor,
  fillTemplate,
  hostnameOf,
  type OsFacts,
  parseTemplate,
  unfitParameter,
} from './os-parameters.js'
import type { ServerRoom, ServerRow } from './server-room.js'

/** What a guest is told when it is installed. */
export interface InstallWish {
  readonly image: ImageRow
  readonly adminPass: string
  readonly publicKey: string
  readonly userData: string
  readonly personality: readonly PersonalityFile[]
  readonly baseUrl: string
}

/** Parameters of the OS scripts, in the two ways that Ganeti takes them. */
export interface InstallParameters {
  readonly osparams: Readonly<Record<string, string>>
  readonly osparamsSecret: Readonly<Record<string, string>>
}

/** Fills an image's templates; where they ask for an address, everything can be fetched from it once. @throws Fault 400 */
export async function installParameters(
  tx: Change,
  room: ServerRoom,
  { row, install }: { readonly row: ServerRow; readonly install: InstallWish },
): Promise<InstallParameters> {
  const { image } = install
  const open = parseTemplate(image.osparams)
  const secret = parseTemplate(image.osparams_secret)
  const facts = factsOf(row, install)
  const plain = fillTemplate(open, facts)
  const wantsUrl = asksFor(open, 'config_url') || asksFor(secret, 'config_url')
  const config_url = wantsUrl
    ? `${install.baseUrl}/params/${await putOneTime(tx, room, {
        serverId: row.id,
        body: scriptParameters({ facts, image, plain }),
      })}`
    : ''
  const osparams = fillTemplate(open, { ...facts, config_url })
  const osparamsSecret = fillTemplate(secret, { ...facts, config_url })
  const unfit = unfitParameter(osparams) ?? unfitParameter(osparamsSecret)
  if (unfit !== undefined) {
    throw new Fault('badRequest', `the image takes ${unfit} in printable ASCII only`)
  }
  return { osparams, osparamsSecret }
}

function factsOf(row: ServerRow, install: InstallWish): OsFacts {
  return {
    admin_pass: install.adminPass,
    ssh_keys: install.publicKey,
    user_data: install.userData,
    personality: base64(JSON.stringify(install.personality)),
    hostname: hostnameOf(row.name, row.id),
    config_url: '',
  }
}

/** What is fetched from the address: snf-image's names (`config_url` of its documentation), and the name of the host. */
function scriptParameters({
  facts,
  image,
  plain,
}: {
  readonly facts: OsFacts
  readonly image: ImageRow
  readonly plain: Readonly<Record<string, string>>
}): Readonly<Record<string, string>> {
  const { config_url: _, ...others } = plain
  return {
    ...others,
    img_passwd: facts.admin_pass,
    img_personality: Buffer.from(facts.personality, 'base64').toString('utf8'),
    img_properties: image.properties,
    auth_keys: facts.ssh_keys,
    cloud_userdata: facts.user_data,
    hostname: facts.hostname,
  }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
