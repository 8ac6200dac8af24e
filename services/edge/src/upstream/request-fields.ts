import type { Service } from '@sallyport/gateway';
import type { OutgoingBody } from '../exchange/body.ts';
import { connectionOptions } from '../exchange/head.ts';
import type { LiveExchange } from '../exchange/live-exchange.ts';
import type { Origin } from '../exchange/origin.ts';
import type { ServedRequest } from '../http1/engine.ts';
import { fieldValue, identityFields } from './identity-fields.ts';
import { HOP_BY_HOP, isReserved } from './reserved.ts';

/** How we are called in `via` (RFC 9110 section 7.6.3). */
export const PSEUDONYM = 'sallyport';

/** Fields that are never passed on as they came. `host`, `expect` and the framing are written anew. */
const REWRITTEN = new Set([...HOP_BY_HOP, 'host', 'content-length', 'expect', 'via', 'trailer']);

/**
 * The fields that an upstream gets, flat: the client's without those of its connection and without any that say who or where it is;
 * then ours. Every request of every route goes through here.
 */
export function requestFields(
  exchange: LiveExchange,
  served: ServedRequest,
  origin: Origin,
  body: OutgoingBody | undefined,
  how: { readonly websocket: boolean; readonly expect: boolean },
): string[] {
  const { raw } = served.fields;
  const { headers: changes } = exchange.upstream;
  const options = connectionOptions(served.fields);
  const fields = ['host', hostField(exchange)];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const key = name.toLowerCase();
    if (REWRITTEN.has(key) || isReserved(key) || changes.has(key) || options.has(key)) continue;
    fields.push(name, raw[i + 1] as string);
  }
  fields.push(...forwardingFields(exchange, origin));
  if (exchange.identity !== undefined) fields.push(...identityFields(exchange.identity));
  const via = served.fields.joined('via');
  const own = `${served.version} ${PSEUDONYM}`;
  fields.push('via', via === undefined ? own : `${via}, ${own}`);
  for (const [name, value] of changes) {
    if (value === undefined || name === 'host') continue;
    // What came from the client is one character per byte already.
    fields.push(name, /^[\0-\u00ff]*$/.test(value) ? value : fieldValue(value));
  }
  fields.push(...framing(served, body));
  if (how.websocket) fields.push('connection', 'Upgrade', 'upgrade', 'websocket');
  if (how.expect) fields.push('expect', '100-continue');
  return fields;
}

/** Kong's: the client's host if the route wants it kept, else the service's. */
function hostField(exchange: LiveExchange): string {
  const changed = exchange.upstream.headers.get('host');
  if (changed !== undefined) return changed;
  const { host } = exchange.request;
  if (exchange.route.preserve_host && host !== undefined) {
    return host.port === undefined ? host.name : `${host.name}:${host.port}`;
  }
  return authorityOf(exchange.service as Service);
}

/** Host and port of a service, without the port that its protocol has anyway. */
function authorityOf({ protocol, host, port }: Service): string {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return port === (protocol === 'https' ? 443 : 80) ? name : `${name}:${port}`;
}

function forwardingFields(exchange: LiveExchange, origin: Origin): string[] {
  const { request, match } = exchange;
  const { scheme, client, local } = origin.connection;
  const fields = [
    ...['x-real-ip', client.address],
    ...['x-forwarded-for', origin.path.join(', ')],
    ...['x-forwarded-proto', scheme],
    ...['x-forwarded-port', String(origin.port ?? local.port)],
    ...['x-forwarded-path', request.path],
    ...['x-request-id', exchange.id],
  ];
  const host = origin.host ?? request.host?.name;
  if (host !== undefined) fields.push('x-forwarded-host', host);
  const prefix = match.route.strip_path ? request.path.slice(0, match.matchedLength) : '';
  if (prefix !== '' && prefix !== '/') fields.push('x-forwarded-prefix', prefix);
  return fields;
}

/** The body's end is told in our words, whatever the client's were. */
function framing(served: ServedRequest, body: OutgoingBody | undefined): string[] {
  const [said] = served.fields.all('content-length');
  if (body === undefined) {
    const needless = served.method === 'GET' || served.method === 'HEAD';
    return said === undefined && needless ? [] : lengthOrNothing(served, said);
  }
  if (body.length !== undefined) return ['content-length', String(body.length)];
  if (said !== undefined) return ['content-length', said];
  const announced = served.fields.joined('trailer');
  const trailer = announced === undefined ? [] : ['trailer', announced];
  return [...trailer, 'transfer-encoding', 'chunked'];
}

/** RFC 9110 section 8.6: methods that usually have a body say so when they have none. */
function lengthOrNothing(served: ServedRequest, said: string | undefined): string[] {
  const usual = ['POST', 'PUT', 'PATCH'].includes(served.method);
  return said !== undefined || usual ? ['content-length', '0'] : [];
}
