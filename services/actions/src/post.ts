import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Address } from './ports.ts';

export interface Posted {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Where to connect, and nowhere else: nobody is asked for the name again. */
  readonly addresses: readonly Address[];
  readonly signal: AbortSignal;
}

/** Bytes of an answer that are read, and thrown away, before the connection is closed. */
const MOST_BYTES = 65_536;

/** Posts once, on a connection of its own, following no redirect. Resolves with the head of the answer. */
export function post({ url, headers, body, addresses, signal }: Post): Promise<Posted> {
  const { promise, resolve, reject } = Promise.withResolvers<Posted>();
  // Node asks for one address or for all, as it likes.
  const lookup: LookupFunction = (_host, options, found) => {
    const [first] = addresses;
    if (options.all === true) found(null, [...addresses]);
    else found(null, first?.address ?? '', first?.family ?? 0);
  };
  const name = hostOf(url);
  const send = url.protocol === 'https:' ? overHttps : overHttp;
  const request = send(url, {
    ...{ method: 'POST', agent: false, lookup, signal },
    // No name, no SNI (RFC 6066, section 3).
    ...(isIP(name) === 0 ? { servername: name } : {}),
    headers: { ...headers, 'content-length': String(body.length), connection: 'close' },
  });
  request.on('response', (response) => {
    resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
    let read = 0;
    response.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (read > MOST_BYTES) response.destroy();
    });
    // The head has said it all: what becomes of the rest changes nothing.
    response.on('error', () => request.destroy());
  });
  request.on('error', reject);
  request.end(body);
  return promise;
}

/** The host without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
