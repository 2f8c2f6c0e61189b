/** The operational half of Contiv's `inspect`. Part of `types.ts`. */
import type { EndpointJson } from './types.ts'

/** Tags of a network: the VNI on which the answering host receives it, or its VLAN; absent until there is one. */
interface TagsOper {
  externalPktTag?: number
  pktTag?: number
}

export interface TenantOper {
  totalEPGs: number
  totalEndpoints: number
  totalNetprofiles: number
  totalNetworks: number
  totalPolicies: number
  endpointGroups: GroupOper[]
  endpoints: EndpointJson[]
  networks: NetworkOper[]
  policies: PolicyOper[]
}

export interface NetworkOper extends TagsOper {
  allocatedAddressesCount: number
  /** Ranges as text: `10.1.1.2-10.1.1.4, 10.1.1.6`. */
  allocatedIPAddresses: string
  availableIPAddresses: string
  endpoints: EndpointJson[]
  networkTag: string
  numEndpoints: number
}

export interface GroupOper extends TagsOper {
  /** Of its pool; absent without one. */
  allocatedIPAddresses?: string
  availableIPAddresses?: string
  endpoints: EndpointJson[]
  groupTag: string
  numEndpoints: number
}

export interface PolicyOper {
  endpoints: EndpointJson[]
  numEndpoints: number
}

export interface GlobalOper {
  clusterMode: string
  numNetworks: number
  /** `112, 200-203`. */
  vlansInUse: string
  vxlansInUse: string
}
