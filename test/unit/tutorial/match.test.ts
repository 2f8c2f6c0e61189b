import assert from 'node:assert/strict'
import { findMismatch } from '../../support/tutorial/match.ts'
import { createBindings, piecesOf } from '../../support/tutorial/values.ts'

const id = (digit: string) => digit.repeat(64)

/** The first difference of two outputs; undefined if none. */
function differ(expected: string, actual: string, exact = false, bindings = createBindings()) {
  return findMismatch(expected.split('\n'), actual.split('\n'), bindings, { exact })
}

function same(expected: string, actual: string, exact = false): void {
  assert.equal(differ(expected, actual, exact), undefined, `${expected} is ${actual}`)
}

function other(expected: string, actual: string, exact = false): void {
  assert.notEqual(differ(expected, actual, exact), undefined, `${expected} is not ${actual}`)
}

describe('tutorial: does a command print what the document shows?', () => {
  it('takes equal output, and no other', () => {
    same('a b\nc', 'a b\nc')
    assert.deepEqual(differ('a\nb\nc', 'a\nx\nc'), { expected: 'b', actual: 'x' })
    assert.deepEqual(differ('a\nb', 'a'), { expected: 'b', actual: '(end of output)' })
    assert.deepEqual(differ('a', 'a\nb'), { expected: '(end of output)', actual: 'b' })
    assert.deepEqual(differ('', 'Error: no'), { expected: '(end of output)', actual: 'Error: no' })
  })

  it('counts blanks only where it is told to', () => {
    same('NAME   DRIVER', 'NAME     DRIVER  ')
    other('NAME   DRIVER', 'NAME     DRIVER', true)
    other('10.1.2.0/24  ', '10.1.2.0/24', true)
    same(
      'INFO[0000] Creating tenant: blue                    ',
      'INFO[0000] Creating tenant: blue                    ',
      true,
    )
  })

  it('lets times, counts, versions and random MACs differ, and what stands beside them not', () => {
    same('seq=0 ttl=64 time=6.596 ms', 'seq=0 ttl=64 time=0.4 ms')
    other('seq=0 ttl=64 time=6.596 ms', 'seq=0 ttl=63 time=6.596 ms')
    same('round-trip min/avg/max = 6.596/8.023/9.451 ms', 'round-trip min/avg/max = 0.1/0.2/0.3 ms')
    same('c1 2 seconds ago Up Less than a second', 'c1 About a minute ago Up 59 seconds')
    other('c1 2 seconds ago Up 1 second', 'c1 2 seconds ago Exited (1) 1 second')
    same('RX packets:8 errors:0 RX bytes:648 (648.0 B)', 'RX packets:19 errors:0 RX bytes:1534 (1.4 KiB)')
    other('RX packets:8 errors:0', 'RX packets:8 errors:1')
    same('Server Version: 26.1.5+dfsg1', 'Server Version: 28.5.2')
    same('link/ether de:3b:3c:ce:d6:3e', 'link/ether aa:bb:cc:dd:ee:ff')
    same('"Created": "2026-11-26T17:20:57.785870425Z"', '"Created": "2027-01-02T07:00:00Z"')
    other('3 packets received', '2 packets received')
    other('inet 192.168.2.10/24', 'inet 192.168.2.11/24')
  })

  it('types the tokens of the run where the document has its own', () => {
    const bindings = createBindings()
    const swarm = ['SWMTKN-1-17fua1p0-azrdyz3a', 'SWMTKN-1-5k2bx-0gq']
    for (const [ours, theirs] of [['skein1.hXgg-Yj_h', 'skein1.zQ'], swarm]) {
      assert.equal(differ(`${ours}`, `${theirs}`, false, bindings), undefined)
      assert.equal(bindings.inRun(`join ${ours} now`), `join ${theirs} now`)
    }
  })

  it('takes an id for the same one throughout, whole or cut', () => {
    const bindings = createBindings()
    assert.equal(differ(id('a'), id('7'), false, bindings), undefined)
    assert.equal(differ(`${'a'.repeat(12)} c1`, `${'7'.repeat(12)} c1`, false, bindings), undefined)
    assert.notEqual(differ(id('a'), id('8'), false, bindings), undefined, 'another id of the run')
    assert.notEqual(differ(id('b'), id('7'), false, bindings), undefined, 'another id of the document')
    other(id('a'), '7'.repeat(12))
  })

  it('takes an address for the same one throughout, in its network, also in a MAC', () => {
    const bindings = createBindings()
    const check = (expected: string, actual: string) => differ(expected, actual, false, bindings)
    assert.equal(check('PING c1 (10.1.2.3)', 'PING c1 (10.1.2.65)'), undefined)
    assert.equal(check('HWaddr 02:02:0A:01:02:03', 'HWaddr 02:02:0A:01:02:41'), undefined)
    assert.notEqual(check('HWaddr 02:02:0A:01:02:03', 'HWaddr 02:02:0A:01:02:42'), undefined)
    assert.notEqual(check('HWaddr 02:02:0A:01:02:03', 'HWaddr 02:42:0A:01:02:41'), undefined)
    assert.equal(check('64 bytes from 10.1.2.4', '64 bytes from 10.1.2.65'), undefined, 'two tenants')
    assert.notEqual(check('64 bytes from 10.1.2.3', '64 bytes from 10.1.2.66'), undefined, 'another address')
    assert.notEqual(check('64 bytes from 10.1.2.5', '64 bytes from 10.1.3.5'), undefined, 'another network')
    assert.notEqual(check('10.1.2.0/24', '10.1.3.0/24'), undefined, 'a subnet is no address')
    assert.equal(bindings.inRun('nc -nzvw 1 10.1.2.3 8888 -s 10.1.2.0/24'), 'nc -nzvw 1 10.1.2.65 8888 -s 10.1.2.0/24')
  })

  it('learns nothing from a line that differs', () => {
    const bindings = createBindings()
    assert.notEqual(differ('10.1.2.3 10.1.2.3', '10.1.2.65 10.1.2.66', false, bindings), undefined)
    assert.equal(bindings.inRun('10.1.2.3'), '10.1.2.3')
  })

  it('skips lines at ..., and not beyond what follows', () => {
    same('a\n...\nd', 'a\nb\nc\nd')
    same('a\n. . .', 'a\nb')
    same('...\nd', 'd')
    other('a\n...\nd', 'a\nb\nc')
    other('a\n...\nd', 'a\nd\ne')
  })

  it("knows a swarm's id that has no digit", () => {
    const bindings = createBindings()
    assert.equal(
      differ('edi8zhsxazoc overlay-net overlay', 'denkzbbqldao overlay-net overlay', false, bindings),
      undefined,
    )
    assert.notEqual(differ('edi8zhsxazoc', 'denkzbbqldaz', false, bindings), undefined, 'another id of the run')
    other('installation of it', 'architecture of it')
    other('edi8zhsxazoc', 'denkzbbqlda')
  })

  it('gives what Docker sorts by id one order', () => {
    const json = (first: string, second: string, one: string, two: string) =>
      JSON.stringify([{ Containers: { [id(one)]: { Name: first }, [id(two)]: { Name: second } } }], null, 4)
    same(json('c1', 'c2', 'a', 'b'), json('c2', 'c1', '1', '2'))
    other(json('c1', 'c2', 'a', 'b'), json('c1', 'c3', 'a', 'b'))
  })

  it('keeps every character of a line in its pieces', () => {
    for (const line of ['', 'x 10.1.2.3 y', '2: eth0@if4: <UP> mtu 1500', 'SWMTKN-1-abc1-def2 192.168.2.10:2377']) {
      assert.equal(
        piecesOf(line)
          .map(piece => piece.text)
          .join(''),
        line,
      )
    }
  })
})
