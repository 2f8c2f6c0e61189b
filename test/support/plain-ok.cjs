/**
 * `assert.ok` without a message searches the source for the expression that was false. In what tsx makes of a file (one long line)
 * that search took 48 s for one failing look of `eventually`, with all timers standing still. The stack says where it was.
 */
const assert = require('node:assert/strict')

const { ok, AssertionError } = assert

assert.ok = function plainOk(value, message) {
  if (value || message !== undefined) return ok(value, message)
  throw new AssertionError({
    message: 'not true',
    actual: value,
    expected: true,
    operator: '==',
    stackStartFn: plainOk,
  })
}
