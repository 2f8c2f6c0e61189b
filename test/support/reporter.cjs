/**
 * Mocha's `spec` with one more line at the end, `N passed, N failed`, which programs that watch a run can read without
 * knowing mocha. CommonJS with a single export, as mocha loads reporters.
 */
const { Spec } = require('mocha').reporters

module.exports = class Reporter extends Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats
      const skipped = pending > 0 ? `, ${pending} skipped` : ''
      process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`)
    })
  }
}
