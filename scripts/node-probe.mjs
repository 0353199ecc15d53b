// @ts-check
// Preloaded into every test of the Node matrix (tap's node-arg): ends it when another Node runs it, or
// one that cannot load the addon that was built for ours.
import { createRequire } from 'node:module'

const { OKEANID_NODE_MAJOR: major, OKEANID_ADDON: addon } = process.env

if (process.versions.node.split('.')[0] !== major) {
  throw new Error(`this test runs under Node ${process.version}, not ${major}`)
}
if (addon !== undefined) createRequire(import.meta.url)(addon)
