/** Keeps the redirect in the kernel for as long as it is refreshed. */
import { SkeinError } from '../lib/errors.ts'
import type { Run } from '../lib/exec.ts'
import type { NftChild } from '../lib/nft-child.ts'
import { redirected, refreshText, tableText, type Wishes, withdrawText } from './redirect-rules.ts'

export interface Redirect {
  /**
   * Loads what is missing or other than wished, and gives the entries a new life. Resolves with how many questions were
   * redirected since the last call. Rejects when the kernel or nft refuses.
   */
  refresh(wishes: Wishes): Promise<number>
  /** Questions go on as without Skein, at once. Never rejects. */
  withdraw(): Promise<void>
}

/** The table is loaded anew every so many refreshes: whatever somebody did to it lasts no longer. */
const refreshesPerLoad = 15

/** @param child refreshes, every two seconds */
export function createRedirect(run: Run, child: Pick<NftChild, 'list' | 'close'>): Redirect {
  let strangers: string | undefined
  let refreshes = 0
  let counted = 0

  async function nft(input: string): Promise<void> {
    const { code, stderr } = await run('nft', ['-f', '-'], { input })
    if (code === 0) return
    throw new SkeinError('internal', code === 127 ? 'nft is missing' : (stderr.trim().split('\n')[0] ?? ''))
  }

  async function load(wishes: Wishes): Promise<void> {
    strangers = undefined
    await nft(tableText(wishes))
    strangers = wishes.strangers.join()
    refreshes = 0
    counted = 0
  }

  return {
    async refresh(wishes) {
      if (strangers !== wishes.strangers.join() || ++refreshes >= refreshesPerLoad) {
        await load(wishes)
        return 0
      }
      const listing = await child.list(refreshText(wishes))
      if (listing === '') {
        await load(wishes) // somebody removed the table or a part of it; loading says what else is wrong
        return 0
      }
      const count = redirected(listing)
      const news = Math.max(0, count - counted)
      counted = count
      return news
    },
    async withdraw() {
      await child.close()
      if (strangers === undefined) return
      strangers = undefined
      await nft(withdrawText).catch(() => undefined) // without the table there is nothing to withdraw
    },
  }
}
