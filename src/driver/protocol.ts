/**
 * Docker's remote network and IPAM driver protocol: the calls, the part of each request that Skein reads, and the
 * answers that never change. What Docker adds in later versions is ignored.
 */
import { z } from 'zod'

/** The address space of Skein's pools: tells whether a network was created with our IPAM driver. */
export const addressSpace = 'skein'

/** Under this name our network id travels in `-o`, `--ipam-opt` and labels. */
export const idOption = 'skein.id'

/** The same of a group's id, beside that of its network. */
export const groupIdOption = 'skein.group.id'

/** Docker's name (moby libnetwork/netlabel) for a gateway: in the data of a pool and as the type of a requested address. */
export const gatewayLabel = 'com.docker.network.gateway'

const genericLabel = 'com.docker.network.generic'

// Docker's ids are 64 hex digits; nothing here depends on their length
const dockerId = z.string().regex(/^[0-9A-Za-z]{1,64}$/, 'is not a Docker id')
const text = z.string().max(512)
// Go writes an absent map or string as null or as its zero value
const words = text.nullish().transform(value => value ?? '')
const options = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform(value => value ?? {})

const empty = z.object({})
const ofNetwork = z.object({ NetworkID: dockerId })
const ofEndpoint = z.object({ NetworkID: dockerId, EndpointID: dockerId })

const pool = z.object({ AddressSpace: words, Pool: words, Gateway: words, AuxAddresses: options })
const pools = z
  .array(pool)
  .nullish()
  .transform(value => value ?? [])

const networkInterface = z
  .object({ Address: words, AddressIPv6: words, MacAddress: words })
  .nullish()
  .transform(value => value ?? { Address: '', AddressIPv6: '', MacAddress: '' })

/** The calls that need the peer, with the schema of their requests. */
export const requestSchemas = {
  'NetworkDriver.CreateNetwork': z.object({
    NetworkID: dockerId,
    Options: options.transform(all =>
      z
        .record(z.string(), z.unknown())
        .catch({})
        .parse(all[genericLabel] ?? {}),
    ),
    IPv4Data: pools,
    IPv6Data: pools,
  }),
  'NetworkDriver.DeleteNetwork': ofNetwork,
  'NetworkDriver.CreateEndpoint': z.object({ NetworkID: dockerId, EndpointID: dockerId, Interface: networkInterface }),
  'NetworkDriver.EndpointOperInfo': empty,
  'NetworkDriver.DeleteEndpoint': ofEndpoint,
  'NetworkDriver.Join': ofEndpoint.extend({ SandboxKey: words }),
  'NetworkDriver.Leave': ofEndpoint,
  'NetworkDriver.ProgramExternalConnectivity': empty,
  'NetworkDriver.RevokeExternalConnectivity': empty,
  'NetworkDriver.DiscoverNew': empty,
  'NetworkDriver.DiscoverDelete': empty,
  'IpamDriver.RequestPool': z.object({
    Pool: words,
    SubPool: words,
    Options: options,
    V6: z.boolean().nullish(),
  }),
  'IpamDriver.ReleasePool': z.object({ PoolID: words }),
  'IpamDriver.RequestAddress': z.object({ PoolID: text, Address: words, Options: options }),
  'IpamDriver.ReleaseAddress': z.object({ PoolID: text, Address: words }),
}

export type Method = keyof typeof requestSchemas
export type RequestOf<M extends Method> = z.output<(typeof requestSchemas)[M]>

/** What a call answers with; Docker reads JSON. */
export type Answer = Readonly<Record<string, unknown>>

/**
 * The handlers. Each is idempotent, throws a `SkeinError` to refuse, and stops when `signal` is aborted: nobody waits
 * for it any more.
 */
export type Driver = { readonly [M in Method]: (request: RequestOf<M>, signal: AbortSignal) => Promise<Answer> }

/** Calls that are answered before the rest of the peer is up. */
export const fixedAnswers: Readonly<Record<string, Answer>> = {
  'Plugin.Activate': { Implements: ['NetworkDriver', 'IpamDriver'] },
  'NetworkDriver.GetCapabilities': { Scope: 'local', ConnectivityScope: 'global' },
  'IpamDriver.GetCapabilities': { RequiresMACAddress: false, RequiresRequestReplay: false },
  'IpamDriver.GetDefaultAddressSpaces': {
    LocalDefaultAddressSpace: addressSpace,
    GlobalDefaultAddressSpace: addressSpace,
  },
}
