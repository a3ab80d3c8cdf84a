// Cuts a stream of bytes into lines of bounded length; a longer one comes in pieces, so that memory is bounded too.
// Lines go into text messages (RFC 6455 §5.6): the bytes are read as UTF-8, and no piece ends inside a character.

/** UTF-16 units of the longest line that is given in one piece. */
export const LINE_LIMIT = 8192

/** Takes pieces off the front of `text` until at most a line's worth is left, which it returns. */
function* pieces(text) {
  while (text.length > LINE_LIMIT) {
    const isInsidePair = /[\ud800-\udbff]/.test(text[LINE_LIMIT - 1])
    const end = isInsidePair ? LINE_LIMIT - 1 : LINE_LIMIT
    yield text.slice(0, end)
    text = text.slice(end)
  }
  return text
}

/**
 * The lines of a readable stream, without their ends. Nothing is read while the caller does something with a line.
 *
 * @param stream a stream of bytes; its end ends the last line
 */
export async function* lines(stream) {
  let rest = ''
  for await (const text of stream.setEncoding('utf8')) {
    const whole = (rest + text).split('\n')
    const last = whole.pop()
    for (const line of whole) yield yield* pieces(line.replace(/\r$/, ''))
    rest = yield* pieces(last)
  }
  if (rest !== '') yield rest
}
