/** Our edition beside the tutorial of 2016: the same chapters, and every command that is still one. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parseDocument } from '../../support/tutorial/document.ts'

const file = new URL('../../../docs/tutorial.md', import.meta.url)
const steps = parseDocument(readFileSync(file, 'utf8'))

/** In the order in which the tutorial types them. */
const commands = [
  'docker info',
  'netctl version',
  'docker network ls',
  'docker run -itd --name=vanilla-c alpine /bin/sh',
  'docker network inspect bridge',
  "docker inspect --format '{{.NetworkSettings.IPAddress}}' vanilla-c",
  'docker exec -it vanilla-c /bin/sh',
  'ifconfig eth0',
  'iptables -t nat -L -n',
  'netctl net create --subnet=10.1.2.0/24 contiv-net',
  'netctl net ls',
  'docker network inspect contiv-net',
  'docker run -itd --name=contiv-c1 --net=contiv-net alpine /bin/sh',
  'docker run -itd --name=contiv-c2 --net=contiv-net alpine /bin/sh',
  'docker ps',
  'docker exec -it contiv-c2 /bin/sh',
  'ping contiv-c1',
  'docker network inspect overlay-net',
  'docker run -itd --name=overlay-c1 --net=overlay-net alpine /bin/sh',
  "docker inspect --format='{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' overlay-c1",
  'docker run -itd --name=overlay-c2 --net=overlay-net alpine /bin/sh',
  'docker exec -it overlay-c2 /bin/sh',
  'ping overlay-c1',
  'netctl tenant create blue',
  'netctl tenant ls',
  'netctl net create -t blue --subnet=10.1.2.0/24 contiv-net',
  'netctl net ls -t blue',
  'docker run -itd --name=contiv-blue-c1 --net=contiv-net/blue alpine /bin/sh',
  'docker run -itd --name=contiv-blue-c2 --net=contiv-net/blue alpine /bin/sh',
  'docker run -itd --name=contiv-blue-c3 --net=contiv-net/blue alpine /bin/sh',
  'docker network inspect contiv-net/blue',
  'docker exec -it contiv-blue-c3 /bin/sh',
  'ping contiv-blue-c1',
  'ping contiv-blue-c2',
  'docker exec -it contiv-c1 /bin/sh',
  'ifconfig -a',
  'nc -zvw 1 localhost 9099',
  'docker run -itd -p 9099:9099 --name=contiv-exposed --net=contiv-net alpine /bin/sh',
  'nc -zvw 1 localhost 9099',
  'iptables -t nat -L -n',
  'netctl policy create db-policy',
  'netctl policy ls',
  'netctl policy rule-add db-policy 1 -direction=in -protocol=tcp -action=deny',
  'netctl policy rule-add db-policy 2 -direction=in -protocol=tcp -port=8888 -action=allow -priority=10',
  'netctl policy rule-ls db-policy',
  'netctl group create contiv-net db -policy=db-policy',
  'netctl group ls',
  'docker run -itd --name=contiv-db --net=db.contiv-net alpine /bin/sh',
  "docker inspect --format='{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' contiv-db",
  'docker run -itd --name=contiv-web --net=contiv-net alpine /bin/sh',
  'docker exec -it contiv-web /bin/sh',
  'nc -nzvw 1 10.1.2.7 8890',
  'nc -nzvw 1 10.1.2.7 8889',
  'nc -nzvw 1 10.1.2.7 8888',
  'docker run -itd --name=contiv-cluster-c1 --net=contiv-net alpine /bin/sh',
  'docker run -itd --name=contiv-cluster-c2 --net=contiv-net alpine /bin/sh',
  'docker exec -it contiv-cluster-c1 /bin/sh',
  'ping contiv-cluster-c2',
]

describe('tutorial: our edition', () => {
  it('has the chapters 0 to 6', () => {
    const chapters = new Set(steps.map(({ chapter }) => /^Chapter (\d):/.exec(chapter)?.[1]))
    assert.deepEqual([...chapters].filter(Boolean), ['0', '1', '2', '3', '4', '5', '6'])
  })

  it("types the tutorial's commands, in its order", () => {
    let at = 0
    for (const command of commands) {
      const found = steps.findIndex((step, index) => index >= at && step.command === command)
      assert.notEqual(found, -1, `${command}, after line ${steps[at - 1]?.line ?? 1}`)
      at = found + 1
    }
  })
})
