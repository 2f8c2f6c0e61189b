import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { describe, it } from 'mocha'
import { facts } from './facts.ts'
import { files } from './files.ts'
import { type Golden, golden } from './golden.ts'

const root = new URL('../../../', import.meta.url)

/** The rows of the first table below a heading of docs/reference: the cells of each, as they are written. */
async function rowsOf(document: string, heading: string): Promise<string[][]> {
  const text = await readFile(new URL(`docs/reference/${document}.md`, root), 'utf8')
  const [, section] = text.split(`\n## ${heading}\n`)
  assert.ok(section, `${document}.md has no heading ${heading}`)
  const lines = section.split(/\n## /)[0]?.split('\n') ?? []
  const from = lines.findIndex(line => line.startsWith('|---'))
  const rows = lines.slice(from + 1)
  const end = rows.findIndex(line => !line.startsWith('|'))
  return rows.slice(0, end).map(row =>
    row
      .split('|')
      .map(cell => cell.trim())
      .slice(1, -1),
  )
}

/** What stands in backquotes in the first column. */
async function namesIn(document: string, heading: string): Promise<string[]> {
  const rows = await rowsOf(document, heading)
  return rows.flatMap(([first = '']) => [...first.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)).sort()
}

async function sources(): Promise<string[]> {
  const folder = new URL('src/', root)
  const names = await readdir(folder, { recursive: true })
  return Promise.all(names.filter(name => name.endsWith('.ts')).map(name => readFile(new URL(name, folder), 'utf8')))
}

/** Formats without golden bytes, and why. */
const others = {
  'records-KEY/journal': 'has files of its own: journal.json, rewritten.json',
  lock: 'names a process of this machine: test/unit/store/lock.test.ts',
}

/** In rewritten.json and restated.json. */
const factsOfJournals = ['replica/collected/ID', 'replica/restated/KEY', 'replica/rewritten']

describe('formats that stay: the reference', () => {
  it('describes each protocol that the program speaks, and each has golden bytes', async () => {
    const described = await namesIn('wire', 'Streams')
    assert.deepEqual(Object.keys(golden<Record<string, Golden>>('protocols')).sort(), described)
    const spoken = (await sources()).flatMap(text => [...text.matchAll(/'(\/skein\/[^']+)'/g)].map(([, name]) => name))
    const streams = described.filter(name => name.startsWith('/'))
    assert.deepEqual([...new Set(spoken)].sort(), streams)
  })

  it('describes each file of a data directory, and each has golden bytes', async () => {
    const described = await namesIn('wire', 'Data directory')
    // the note lies outside of the directory
    const known = [...Object.keys(files), ...Object.keys(others)].filter(name => name !== 'KEY')
    assert.deepEqual(known.sort(), described)
  })

  it('describes each local fact, and each has golden texts', async () => {
    const described = await namesIn('wire', 'Local facts')
    const known = [...Object.keys(facts).flatMap(names => names.split(' ')), ...factsOfJournals]
    assert.deepEqual(known.sort(), described)
    // keys, or what keys begin with
    const written = (await sources()).flatMap(text => [
      ...text.matchAll(/'((?:docker|ipam(?:-group)?|kernel|replica)\/[^']*)'/g),
    ])
    const begun = written.map(([, key = '']) => key)
    assert.deepEqual([...new Set(begun)].sort(), [...new Set(described.map(key => key.replace(/[A-Z].*$/, '')))].sort())
  })

  it('describes each kind of record, and each has golden bytes', async () =>
    assert.deepEqual(Object.keys(golden('leaves')).sort(), await namesIn('records', 'Kinds')))
})
