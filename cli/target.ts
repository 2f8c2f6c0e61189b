/** Where skeind is, a Unix socket or a loopback URL; and which member answers, if not that one. */
import { SkeinError } from '../src/lib/errors.ts'
import { isName } from '../src/model/names.ts'

export type Target = (
  | { kind: 'socket'; path: string; text: string }
  | { kind: 'http'; host: string; port: number; text: string }
) & {
  /** Name, or beginning of the key, of the member that the request is passed on to. */
  via?: string
}

export const defaultSocket = '/run/skein/skein.sock'

/**
 * `options` are the flags. A flag beats the environment, --host beats --netmaster. A member's name says nothing about where
 * skeind is: that comes from what is next in this order. Throws `usage`.
 */
export function findTarget(
  options: { host?: string; netmaster?: string },
  env: Readonly<Record<string, string | undefined>>,
): Target {
  const { host, ...others } = options
  if (host) return isName(host) ? { ...findTarget(others, env), via: host } : parseTarget('--host', host)
  if (options.netmaster) return parseUrl('--netmaster', options.netmaster)
  const { SKEIN_HOST: named, ...rest } = env
  if (named) return isName(named) ? { ...findTarget({}, rest), via: named } : parseTarget('SKEIN_HOST', named)
  if (env.NETMASTER) return parseUrl('NETMASTER', env.NETMASTER)
  return { kind: 'socket', path: defaultSocket, text: defaultSocket }
}

function parseTarget(source: string, text: string): Target {
  const path = text.startsWith('unix://') ? text.slice('unix://'.length) : text
  return path.startsWith('/') ? { kind: 'socket', path, text: path } : parseUrl(source, text)
}

function parseUrl(source: string, text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search !== '') {
    throw new SkeinError(
      'usage',
      `${source}: ${JSON.stringify(text)} is no address of skeind: use a member's name, a socket path or http://127.0.0.1:PORT`,
    )
  }
  if (!/^(?:127(?:\.\d+){3}|\[::1\]|localhost)$/.test(url.hostname)) {
    throw new SkeinError(
      'usage',
      `${source}: ${text} is refused: the API has no authentication and listens on loopback only; name the member instead: -H NAME`,
    )
  }
  const host = url.hostname === '[::1]' ? '::1' : url.hostname
  return { kind: 'http', host, port: Number(url.port || 80), text }
}
