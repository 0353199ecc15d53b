import { bases } from '#central/api/area.js'
import { type Missing, refuseMissing } from '#central/api/missing.js'
import type { Routes } from '#central/api/routes.js'

/** What clients of Glance ask for and is not here: there is no registry of images. */
const missing: readonly Missing[] = [
  {
    paths: ['images'],
    methods: ['POST'],
    what: 'images made by clients',
    instead: 'okeanid-central image add makes them: each is an OS of Ganeti with its parameters.',
  },
  {
    paths: ['images/:id'],
    methods: ['PATCH', 'DELETE'],
    what: 'images changed by clients',
    instead: 'okeanid-central image does that.',
  },
  {
    paths: ['images/:id/file'],
    methods: ['GET', 'PUT'],
    what: 'contents of images',
    instead: "The scripts of Ganeti's OS know where they are.",
  },
  {
    paths: ['images/:id/members'],
    methods: ['GET', 'POST'],
    what: 'members of images',
    instead: 'An image is public, or of one project.',
  },
]

/** Says of these that they are not here. */
export const missingRoutes: Routes = (app) =>
  refuseMissing(app, { tag: 'images', base: bases.image, missing })
