import type { Routes } from '#central/api/routes.js'

/** Nova's API. */
export const computeRoutes: Routes = () => {}
