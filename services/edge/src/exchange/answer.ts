import type { ServedRequest } from '../http1/engine.ts';
import type { ResponseChanges } from './changes.ts';
import type { Answer } from './exchange.ts';

/** Sends a response of our own. */
export async function send(
  served: ServedRequest,
  id: string,
  answer: Answer,
  how: { readonly changes?: ResponseChanges; readonly close?: boolean } = {},
): Promise<void> {
  if (served.gone) return;
  const { status, headers = {}, body = '' } = answer;
  const fields: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (FRAMING.has(name.toLowerCase()) && !OURS.has(`${status} ${name.toLowerCase()}`)) continue;
    for (const one of Array.isArray(value) ? value : [value]) fields.push(name, one);
  }
  fields.push('server', 'sallyport', 'x-request-id', id);
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const bodyless = status === 204 || status === 304;
  const framed = bodyless ? [] : ['content-length', String(bytes.length)];
  const changed = how.changes?.apply(fields) ?? fields;
  const out = served.respond({
    status,
    fields: [...changed, ...framed],
    ...(how.close === undefined ? {} : { close: how.close }),
  });
  if (bodyless || served.method === 'HEAD' || bytes.length === 0) out.end();
  else out.end(bytes);
}

/** Where the response ends is told by the engine. */
const FRAMING = new Set(['connection', 'content-length', 'transfer-encoding', 'upgrade']);
/** RFC 9110 section 15.5.22: a 426 says what to upgrade to. */
const OURS = new Set(['426 upgrade']);
