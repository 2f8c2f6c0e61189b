/** The blocks of docs/tutorial.md for two hosts that are a mesh each, as `install.sh` leaves them: an invitation, and one mesh. */
import { useLab } from '../support/index.ts'
import { carryOutChapters } from './chapters.ts'
import { apartStage } from './stage.ts'

describe('the tutorial: two hosts become one mesh', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true, hosts: 2, peers: false, clean: false })
  before(() =>
    Promise.all(
      lab()
        .hosts()
        .map(host => host.startPeer()),
    ),
  )
  carryOutChapters('apart', apartStage)
})
