// Loaded into the service before anything else when a control is run: puts another file in the place of one of its own.
import { register } from 'node:module'

register('./replace.js', import.meta.url)
