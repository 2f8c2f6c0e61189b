/** Texts as they are held in great numbers: hashes and Docker's ids take half the room of their digits. Pure. */

const hexMark = '\u0001'
const plainMark = '\u0000'

/** Room for what is put together, bytes: more than a record's texts take. */
const room = Buffer.alloc(4096)

/** A string of its own, not a part of a larger one that it would keep in memory; `unpack` gives the text back. */
export function pack(text: string): string {
  const end = place(text, 0)
  return end === undefined ? copyOf(marked(text)) : room.toString('latin1', 0, end)
}

/**
 * Puts the text, as `marked` has it, into the room at `from`: one string that V8 makes of it in the end is several times as
 * fast as sums of strings. Gives where it ends; undefined if it is not ASCII, or there is no room for it.
 */
function place(text: string, from: number): number | undefined {
  if (from + 1 + text.length > room.length) return undefined
  const end = placeHex(text, from)
  if (end !== undefined) return end
  const first = text.charCodeAt(0)
  room[from] = 0
  let at = first === 0 || first === 1 ? from + 1 : from
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return undefined
    room[at++] = code
  }
  return at
}

/** Looks at each digit once: a regular expression, and Node's reading of hex behind it, take about twice as long. */
function placeHex(text: string, from: number): number | undefined {
  if (text.length < shortestHex || text.length % 2 === 1) return undefined
  room[from] = 1
  let at = from + 1
  for (let i = 0; i < text.length; i += 2) {
    const high = digits[text.charCodeAt(i)] ?? notHex
    const low = digits[text.charCodeAt(i + 1)] ?? notHex
    if (high + low >= notHex) return undefined
    room[at++] = high * 16 + low
  }
  return at
}

function marked(text: string): string {
  if (isHex(text)) return hexMark + Buffer.from(text, 'hex').toString('latin1')
  const first = text.charCodeAt(0)
  return first === 0 || first === 1 ? plainMark + text : text
}

export function unpack(packed: string): string {
  const first = packed.charCodeAt(0)
  if (first === 1) return Buffer.from(packed.slice(1), 'latin1').toString('hex')
  return first === 0 ? packed.slice(1) : packed
}

/** Several texts of at most 1000 characters as one string. */
export function packList(texts: readonly string[]): string {
  let end = 0
  for (const text of texts) {
    const next = place(text, end + 1)
    // a length is one character, and so one byte here
    if (next === undefined || next - end > 256) return packAny(texts)
    room[end] = next - end - 1
    end = next
  }
  return room.toString('latin1', 0, end)
}

function packAny(texts: readonly string[]): string {
  const packed = texts.map(marked)
  return copyOf(packed.map(text => `${String.fromCharCode(text.length)}${text}`).join(''))
}

export function unpackList(packed: string): string[] {
  const texts: string[] = []
  for (let at = 0; at < packed.length; ) {
    const end = at + 1 + packed.charCodeAt(at)
    texts.push(unpack(packed.slice(at + 1, end)))
    at = end
  }
  return texts
}

/** Short ones are as large as they are packed. */
const shortestHex = 32

const notHex = 32
/** What a character is as a digit of hex as Skein writes it, in small letters. */
const digits = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code))
  return digit < 0 ? notHex : digit
})

/** Every character is one byte. */
const isLatin1 = /^[\0-\xff]*$/

function isHex(text: string): boolean {
  return text.length >= shortestHex && text.length % 2 === 0 && /^[0-9a-f]+$/.test(text)
}

/** V8 makes a part of a string refer to the whole, and a sum of strings to its parts. */
function copyOf(text: string): string {
  const encoding = isLatin1.test(text) ? 'latin1' : 'utf16le'
  return Buffer.from(text, encoding).toString(encoding)
}
