import { publicUrl } from '#central/api/public-url.js'
import { findServer } from '#central/server/find-server.js'
import { rebuildServer } from '#central/server/rebuild-server.js'
import type { Action } from './actions.js'
import { requireMetadataRoom, requirePersonality } from './body-limits.js'
import { change } from './change.js'
import { imageFor } from './create-wish.js'
import { type RebuildBody, rebuildBody } from './server-body.js'
import { wishOf } from './server-change.js'
import { serverDetails } from './server-details.js'
import { serverView } from './server-view.js'
import { viewOptions } from './view-options.js'

/** The action `rebuild`. */
export const rebuild: Action = {
  argument: rebuildBody,
  async run(context, request, body: RebuildBody) {
    const { config, store } = context
    const wish = wishOf(request)
    const { metadata, personality = [] } = body
    if (metadata !== undefined) requireMetadataRoom(config, metadata)
    requirePersonality(config, personality)
    // whose server it is is asked before what there is of images
    await findServer(store.read, wish.caller, wish.id)
    const image = await imageFor(context, { caller: wish.caller, reference: body.imageRef })
    const adminPass = await change(context, (tx) =>
      rebuildServer(tx, context, {
        ...wish,
        image,
        name: body.name,
        adminPass: body.adminPass,
        metadata,
        personality,
        baseUrl: publicUrl(config, request),
      }),
    )
    const row = await findServer(store.read, wish.caller, wish.id)
    const [parts] = await serverDetails(store, [row])
    const view = parts && serverView(parts, viewOptions(context)(request))
    return { status: 202, body: { server: { ...view, adminPass } } }
  },
}
