import assert from 'node:assert/strict'
import { alone, compare } from '../../../bench/lib/statistics.ts'
import { figure, resultTable } from '../../../bench/lib/table.ts'

describe('bench: table', () => {
  it('shows three digits and the unit', () => {
    const shown = [0.0123, 1.234, 12.34, 123.4, 12_345, -2.345].map(value => figure(value, 'ms'))
    assert.deepEqual(shown, ['0.012 ms', '1.23 ms', '12.3 ms', '123 ms', '12345 ms', '-2.35 ms'])
    assert.equal(figure(undefined, 'MB'), '-')
  })

  it('pads the columns, figures to the right', () => {
    const rows = [compare('first', 'ms', [1, 2, 3], [10, 10, 10]), alone('another one', 'B', [1234])]
    assert.deepEqual(resultTable(rows, 'Skein', 'base').split('\n'), [
      '               Skein     base  ratio     middle half  pairs',
      'first        2.00 ms  10.0 ms  0.200  0.150 to 0.250      3',
      'another one   1234 B        -      -               -      1',
    ])
  })
})
