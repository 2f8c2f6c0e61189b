/**
 * node --experimental-websocket heap.mjs: what the program behind the inspector of this host still needs of its heap, and beside it
 * (what Buffers hold), in bytes. Its garbage is collected first: how soon it does so by itself depends on how busy the machine is.
 */
const [target] = await (await fetch('http://127.0.0.1:9229/json/list')).json()
const socket = new WebSocket(target.webSocketDebuggerUrl)
const expression = `(() => {
  const module = process.getBuiltinModule
  module('node:v8').setFlagsFromString('--expose-gc')
  const collect = module('node:vm').runInNewContext('gc')
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + ' ' + external
})()`
socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }))
socket.onmessage = ({ data }) => {
  const { id, result } = JSON.parse(data)
  if (id !== 1) return
  console.log(result.result.value)
  socket.close()
}
