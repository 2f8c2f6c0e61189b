/** Standing problems of a host that may write nothing: R8's and R9's fences, said by the host that they concern. */
import { rejoinText, removedText } from '../replica/removal-fence.ts'
import type { Replica } from '../replica/replica.ts'
import type { UnseenFile } from './unseen-export.ts'

/** R8, said by the host that it concerns: the others see nothing of a copy that has written nothing. */
export function fenceCondition({ fenced, maySucceed }: Replica): { kind: string; text: string; remedy: string }[] {
  if (!fenced) return []
  const text = 'this host hands out no addresses and writes nothing; traffic of its containers goes on'
  return [
    {
      kind: 'fenced',
      text: `${text}: ${fenced.message}`,
      remedy: maySucceed
        ? 'on this host: skein peer rejoin; if another machine runs with its key, on a third: skein peer invite, on each of the two: skein join TOKEN'
        : 'on another host: skein peer invite; on this one: skein join TOKEN',
    },
  ]
}

/** A condition of the host while it is fenced because it was removed. */
export function removedHost({ removedBy }: Replica, file: UnseenFile | undefined) {
  if (!removedBy) return []
  const { sinceMs } = removedBy
  const text = `${removedText(removedBy)}: it hands out nothing, and its containers keep running`
  const left = file ? `; then what reached no other host: ${fileText(file)}` : ''
  return [{ kind: 'removed', text, remedy: rejoinText(removedBy) + left, sinceMs }]
}

function fileText({ path, hasObjects, remarks }: UnseenFile): string {
  const lines = `the ${remarks} ${remarks === 1 ? 'remark' : 'remarks'} at the head of ${path}`
  if (!hasObjects) return `follow ${lines}`
  return remarks > 0 ? `follow ${lines}, and run skein apply -f ${path}` : `skein apply -f ${path}`
}
