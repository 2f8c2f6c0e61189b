/** Which tests of the lab run in one process, and in what order: pure. */

/** Tests that one mocha runs, with a lab of their own. */
export interface Job {
  /** A folder of test/lab, or a file of one. */
  readonly name: string
  /** Below test/lab. */
  readonly files: readonly string[]
}

export interface Plan {
  /** In the order in which a free lane takes them. */
  readonly lanes: readonly Job[]
  /** Afterwards, one at a time. */
  readonly alone: readonly Job[]
}

export interface Order {
  /** The longest first: one that began last would keep a lane busy while the other has nothing to do. */
  readonly longest: readonly string[]
  /** What has to have the machine to itself. */
  readonly alone: readonly string[]
}

/**
 * A job per folder; a file that the order names is a job of its own. What the order does not name comes first: it is new, and may be long.
 * @param files below test/lab
 */
export function planJobs(files: readonly string[], order: Order): Plan {
  const named = new Set([...order.longest, ...order.alone])
  const jobs = new Map<string, string[]>()
  for (const file of [...files].sort()) {
    const name = named.has(file) ? file : folderOf(file)
    jobs.set(name, [...(jobs.get(name) ?? []), file])
  }
  const all = [...jobs].map(([name, ofIt]) => ({ name, files: ofIt }))
  const place = (list: readonly string[]) => (a: Job, b: Job) => list.indexOf(a.name) - list.indexOf(b.name)
  return {
    lanes: all.filter(job => !order.alone.includes(job.name)).sort(place(order.longest)),
    alone: all.filter(job => order.alone.includes(job.name)).sort(place(order.alone)),
  }
}

/** What of the order is no folder and no file with tests any more. */
export function unknownNames(files: readonly string[], names: readonly string[]): string[] {
  return names.filter(name => !files.some(file => isIn(file, name)))
}

/** Those of the files that these folders and files name; all without a name. `test/lab/` may stand before each. */
export function chooseFiles(
  files: readonly string[],
  words: readonly string[],
): { chosen: string[]; unknown: string[] } {
  const names = words.map(word => word.replace(/^(\.\/)?test\/lab\//, '').replace(/\/+$/, ''))
  const chosen = names.length === 0 ? [...files] : files.filter(file => names.some(name => isIn(file, name)))
  return { chosen, unknown: unknownNames(files, names) }
}

function isIn(file: string, name: string): boolean {
  return file === name || file.startsWith(`${name}/`)
}

function folderOf(file: string): string {
  return file.slice(0, file.indexOf('/'))
}
