import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Clock } from '@sallyport/runtime';
import { AcmeProblemError, AcmeProtocolError, AcmeUnreachableError } from '../../errors.ts';
import { problemDocument, retryAfterMs } from './problem.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Parsed JSON, or text. */
  readonly data: unknown;
}

/**
 * The way to one ACME server, shared by all issuances: connections that stay open, nonces, the directory.
 *
 * Rejects with `AcmeProblemError`, `AcmeUnreachableError`, `AcmeProtocolError` and the signal's reason; only `badNonce` is an
 * answer, because acme-client tries that again by itself. Never waits for a Retry-After: the caller is told.
 */
export interface Transport extends Disposable {
  request(method: string, url: string, body: unknown, signal: AbortSignal): Promise<Answer>;
  /** A nonce that wasn't used; asks for one when none is left from earlier answers. */
  nonce(signal: AbortSignal): Promise<string>;
  directory(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  /** Retry-After that came with this `data`, milliseconds. */
  retryAfter(data: object): number | undefined;
}

export interface TransportOptions {
  readonly directory: string;
  /** Authorities of the server's TLS certificate, PEM; default: those of Node. */
  readonly trust?: string;
  /** How long one answer may take. */
  readonly timeoutMs: number;
}

const BAD_NONCE = 'urn:ietf:params:acme:error:badNonce';
const DIRECTORY_MS = 3_600_000;
const MAX_NONCES = 32;
/** Chains have some kilobytes. */
const MAX_BYTES = 1024 * 1024;

export function createTransport(clock: Clock, options: TransportOptions): Transport {
  const { trust, timeoutMs } = options;
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 16,
    ...(trust === undefined ? {} : { ca: trust }),
  });
  const nonces: string[] = [];
  const retries = new WeakMap<object, number>();
  let known: { at: number; directory: Record<string, unknown> } | undefined;

  const request: Transport['request'] = async (method, url, body, signal) => {
    const answer = await exchange({ agent, timeoutMs, method, url, body, signal });
    const { status, headers, data } = answer;
    const retryMs = retryAfterMs(headers['retry-after'], clock.now());
    if (retryMs !== undefined && isObject(data)) retries.set(data, retryMs);
    const nonce = headers['replay-nonce'];
    if (status >= 400) {
      const problem = problemDocument(data, status);
      if (problem.type === BAD_NONCE) {
        // acme-client takes the nonce of this answer; those from before are likely as bad.
        nonces.length = 0;
        return answer;
      }
      keep(nonce);
      throw new AcmeProblemError(problem, retryMs);
    }
    keep(nonce);
    return answer;
  };
  const keep = (nonce: string | undefined) => {
    if (nonce !== undefined && nonces.length < MAX_NONCES) nonces.push(nonce);
  };

  const transport: Transport = {
    request,
    async directory(signal) {
      if (known !== undefined && clock.monotonic() - known.at < DIRECTORY_MS)
        return known.directory;
      const { data } = await request('GET', options.directory, undefined, signal);
      if (!isObject(data) || typeof data['newOrder'] !== 'string') {
        throw new AcmeProtocolError(`${options.directory} must be an ACME directory`);
      }
      known = { at: clock.monotonic(), directory: data };
      return data;
    },
    async nonce(signal) {
      const kept = nonces.pop();
      if (kept !== undefined) return kept;
      const { newNonce } = await transport.directory(signal);
      await request('HEAD', String(newNonce), undefined, signal);
      const fresh = nonces.pop();
      if (fresh === undefined) {
        throw new AcmeProtocolError(`${newNonce} must answer with a Replay-Nonce`);
      }
      return fresh;
    },
    retryAfter: (data) => retries.get(data),
    [Symbol.dispose]: () => agent.destroy(),
  };
  return transport;
}

interface Exchange {
  readonly agent: Agent;
  readonly timeoutMs: number;
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

/** One request, and once more if the server had just closed the idle connection that it went over. */
async function exchange(what: Exchange): Promise<Answer> {
  const { method, url, signal, timeoutMs } = what;
  for (let fresh = false; ; fresh = true) {
    signal.throwIfAborted();
    const late = AbortSignal.timeout(timeoutMs);
    try {
      return await send(what, AbortSignal.any([signal, late]));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof StaleConnection && !fresh) continue;
      if (error instanceof AcmeProtocolError) throw error;
      const why = late.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error);
      throw new AcmeUnreachableError(`${method.toUpperCase()} ${url}: ${why}`, { cause: error });
    }
  }
}

/** Nothing of the answer had come yet, and the connection had served another request before. */
class StaleConnection {
  readonly cause: Error;
  constructor(cause: Error) {
    this.cause = cause;
  }
}

async function send({ agent, method, url, body, signal }: Exchange, until: AbortSignal) {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target?.protocol !== 'https:') {
    throw new AcmeProtocolError(`'${url}' must be an https URL`);
  }
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    'user-agent': 'sallyport/0.1 acme-client/5',
    ...(text === undefined
      ? {}
      : { 'content-type': 'application/jose+json', 'content-length': Buffer.byteLength(text) }),
  };
  const sent = httpsRequest(
    target,
    { agent, method: method.toUpperCase(), headers, signal: until },
    (answer) => read(answer).then(resolve, reject),
  );
  sent.on('error', (error) => {
    const stale = sent.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
    reject(stale && !signal.aborted ? new StaleConnection(error) : error);
  });
  sent.end(text);
  return await promise;
}

async function read(answer: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) {
      throw new AcmeProtocolError(`answer of more than ${MAX_BYTES} bytes, none may have more`);
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  const type = answer.headers['content-type'] ?? '';
  const json = /^application\/([a-z-]+\+)?json\b/.test(type);
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
  );
  const status = answer.statusCode ?? 0;
  // acme-client believes in what it gets: an object, or the chain.
  if (text !== '' && status < 400 && !json && !type.startsWith('application/pem-certificate-chain'))
    throw new AcmeProtocolError(`answer must be JSON or a chain in PEM, not '${type}'`);
  return { status, headers, data: json ? parse(text) : text };
}

function parse(text: string): unknown {
  try {
    const data: unknown = JSON.parse(text);
    if (isObject(data)) return data;
  } catch (cause) {
    throw new AcmeProtocolError('answer called JSON must be JSON', { cause });
  }
  throw new AcmeProtocolError('answer in JSON must be an object');
}

function reasonOf(error: unknown): string {
  const { cause, message } = (error instanceof StaleConnection ? error.cause : error) as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

function isObject(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null;
}
