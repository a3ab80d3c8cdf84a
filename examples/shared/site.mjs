// What an example's web page needs: its files over HTTP, under a policy that forbids anything inline.
// RFC 9110 §15.5 (404, 405) and §15.5.22 (426 for a plain request to the WebSocket's path).

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const headers = {
  'cache-control': 'no-cache',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
}

function file(body, type) {
  return {
    body,
    headers: {
      ...headers,
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(body),
    },
  }
}

/**
 * An http server, not listening yet, with the page that stands beside `here`.
 *
 * @param here the URL of the example's own script
 * @param socketPath where its WebSocket is
 * @param refuse says of a request why it is refused, as `authorize` would; nothing lets it pass
 * @param texts more that the page may fetch, by its path
 */
export function createSite(here, socketPath, refuse = () => undefined, texts = {}) {
  const files = {
    '/': file(readFileSync(new URL('page.html', here)), 'text/html'),
    '/page.css': file(readFileSync(new URL('page.css', here)), 'text/css'),
    '/page.js': file(readFileSync(new URL('page.js', here)), 'text/javascript'),
    '/family.css': file(readFileSync(new URL('family.css', import.meta.url)), 'text/css'),
    '/page-socket.js': file(readFileSync(new URL('page-socket.js', import.meta.url)), 'text/javascript'),
  }
  for (const [path, text] of Object.entries(texts)) files[path] = file(text, 'text/plain')
  return createServer((request, response) => {
    const path = request.url.split('?', 1)[0]
    const refusal = refuse(request)
    if (refusal !== undefined) {
      response.writeHead(refusal.status, { 'content-type': 'text/plain' }).end(`${refusal.body}\n`)
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response
        .writeHead(405, { allow: 'GET, HEAD', 'content-type': 'text/plain' })
        .end('Method Not Allowed\n')
    } else if (path === socketPath) {
      response
        .writeHead(426, { upgrade: 'websocket', 'content-type': 'text/plain' })
        .end('Upgrade Required\n')
    } else if (Object.hasOwn(files, path)) {
      response.writeHead(200, files[path].headers).end(files[path].body)
    } else {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not Found\n')
    }
  })
}
