/** Addresses of peers: `ADDR:PORT` in Skein, multiaddrs in libp2p. */
import { isIPv4 } from 'node:net'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { PeerKey } from '../lib/keys.ts'
import { peerIdOf } from './peer-id.ts'

export interface Address {
  host: string
  port: number
}

/** An IPv4 address and a port of 0..65535; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  const [, host = '', digits = ''] = /^([0-9.]{7,15}):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  return isIPv4(host) && port <= 65535 ? { host, port } : undefined
}

/** Where to listen. */
export function listenMultiaddr({ host, port }: Address): string {
  return `/ip4/${host}/tcp/${port}`
}

/** Where to dial `peer`; its key is part of the address, so nobody else is talked to. */
export function dialMultiaddr({ host, port }: Address, peer: PeerKey): Multiaddr {
  return multiaddr(`/ip4/${host}/tcp/${port}/p2p/${peerIdOf(peer)}`)
}

/** `ADDR:PORT` of a connection's other end. */
export function remoteAddress(address: Multiaddr): string {
  const [, , host = '?', , port = '?'] = address.toString().split('/')
  return `${host}:${port}`
}
