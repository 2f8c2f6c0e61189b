/** Everything takes ten times as long in an emulated machine, and longer on a busy one. */
export const patience = { timeoutMs: 120_000, intervalMs: 300 }
