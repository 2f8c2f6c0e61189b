import type { RuleRequest } from '../../../src/model/rule.ts'
import { compile, type Domain, Marks, type Ruleset, readBook } from '../../../src/policy/index.ts'
import { createScene, type Scene, type SceneRules } from './scene.ts'

export const deny: RuleRequest = { action: 'deny', protocol: 'tcp' }
export const allow: RuleRequest = { action: 'allow', protocol: 'tcp', priority: 10 }

export function networkId(scene: Scene, name: string): string {
  return scene.view.networkByName('default', name)?.id ?? ''
}

/** Both networks here, each in a zone of its own. */
export function domainsOf(scene: Scene): Domain[] {
  return [
    { zone: 5, networks: [networkId(scene, 'web')], devices: ['skbweb'] },
    { zone: 7, networks: [networkId(scene, 'lan')], devices: ['skblan'] },
  ]
}

export function compiled(scene: Scene, domains = domainsOf(scene)) {
  return compile(readBook(scene.view, 'default'), domains)
}

/** The chain that judges what comes to (or from) the group, with readable names for those of groups. */
export function chainOf(
  scene: Scene,
  group: string,
  side: 'receivers' | 'senders',
  domains = domainsOf(scene),
): string[] {
  const ruleset = compiled(scene, domains)
  return linesOf(scene, ruleset, ruleset.leads.placements.get(scene.group(group))?.[side])
}

/** The chain and those that it leads to, in readable form, with what the maps of rules have in place of their names. */
export function linesOf(scene: Scene, { table: { chains, elements: maps }, marks }: Ruleset, name = ''): string[] {
  const parts = [...chains]
    .filter(([chain]) => chain === name || chain.startsWith(`${name}_`))
    .sort(([a], [b]) => (a < b ? 1 : -1))
  const shown = (line: string) =>
    line.replace(/@(\w+)$/, (whole, map) => {
      const elements = [...(maps.get(map) ?? [])].sort().map(element => element.join(' : '))
      return elements.length === 0 ? whole : `{ ${elements.join(', ')} }`
    })
  return parts.flatMap(([, lines]) => lines).map(line => readable(scene, shown(line), name, marks))
}

/** `marks`: shown as if the rules were numbered without gaps. */
export function readable(scene: Scene, line: string, name = '', marks = Marks.none): string {
  const groups = scene.view.objects.groups('default')
  const named = groups.reduce((text, { id, name }) => text.replaceAll(id.slice(0, 16), name), line)
  const dense = new Map([...marks.values()].map((mark, at) => [mark, 2 * at + (mark & 1)]))
  const numbered = named
    .replace(/(mark > |mark set |m_)(\d+)/g, (whole, words, mark) =>
      dense.has(Number(mark)) ? `${words}${dense.get(Number(mark))}` : whole,
    )
    .replace(
      /0x([0-9a-f]{8}) :/g,
      (_, mark) => `0x${(dense.get(Number.parseInt(mark, 16)) ?? 0).toString(16).padStart(8, '0')} :`,
    )
  return name === '' ? numbered : numbered.replaceAll(name, 'LIST')
}

export function scenes(rules: SceneRules[string], group: object = { policies: ['p'] }): Scene {
  return createScene({ db: group, app: {}, far: { network: 'lan' } }, { p: rules })
}
