/** The API's key of a network, for a path. */
export function keyOf(tenant: string, name: string): string {
  return encodeURIComponent(`${tenant}:${name}`)
}
