/** Waits until `check` returns (something other than false) without throwing; fails with its last error after `limitMs`. */
export async function eventually<T>(check: () => T | Promise<T>, limitMs = 5000, everyMs = 10): Promise<T> {
  const endMs = performance.now() + limitMs
  for (;;) {
    let problem: unknown = new Error(`still false after ${limitMs} ms: ${check}`)
    try {
      const value = await check()
      if (value !== false) return value
    } catch (error) {
      problem = error
    }
    if (performance.now() > endMs) throw problem
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}
