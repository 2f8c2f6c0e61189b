/**
 * Laws are tried with the same random cases in each run of a tree: what fails does so again, and not for somebody else who changed
 * something. SKEIN_LAW_SEED=N takes other ones, SKEIN_LAW_SEED=any others each time.
 */
const fc = require('fast-check')

const given = process.env.SKEIN_LAW_SEED ?? '20261201'
const seed = given === 'any' ? Date.now() | 0 : Number(given)
if (!Number.isInteger(seed)) throw new Error(`SKEIN_LAW_SEED is ${given}; give a whole number, or any`)
fc.configureGlobal({ seed })
