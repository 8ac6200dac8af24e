import { normalizePath, parseHost, type RequestHost } from '@sallyport/gateway';
import { type Fields, tokens } from '../http1/fields.ts';
import type { RequestHead } from './exchange.ts';

/** A head that can't be served. */
export interface HeadRefusal {
  readonly status: number;
  readonly text: string;
}

/** What the head is read from. */
interface Sent {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1' | '2';
  readonly fields: Fields;
}

/** Visible ASCII without what no URI may hold and what others read as another character. */
const TARGET = /^[!$-;=?-[\]_a-z|~^{}%"`]+$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

/**
 * Reads a head whose syntax is right, and refuses what could be read in two ways: whoever reads it after us must come to the
 * same request, the same host and the same length of the body.
 */
export function readHead(sent: Sent, maxFields: number): RequestHead | HeadRefusal {
  const { method, target, version, fields } = sent;
  if (fields.count > maxFields) return { status: 431, text: 'Request Header Fields Too Large' };
  const framing = framingFault(version, fields);
  if (framing !== undefined) return framing;
  if (method === 'CONNECT' || method === 'TRACE') {
    return { status: 405, text: 'Method not allowed' };
  }
  if (!TARGET.test(target)) return BAD_TARGET;
  const absolute = ABSOLUTE.exec(target);
  const origin = absolute === null ? target : absolute[2] || '/';
  const mark = origin.indexOf('?');
  const path = normalizePath(mark === -1 ? origin : origin.slice(0, mark));
  if (path === undefined) return BAD_TARGET;
  const host = hostOf(fields, version, absolute?.[1]);
  if (host !== undefined && 'status' in host) return host;
  return {
    method,
    target,
    path: path === '' ? '/' : path,
    query: mark === -1 ? '' : origin.slice(mark + 1),
    host,
    version,
    header: (name) => fields.joined(name),
    headers: (name) => fields.all(name),
  };
}

const BAD_TARGET: HeadRefusal = { status: 400, text: 'Bad request target' };
const BAD_HOST: HeadRefusal = { status: 400, text: 'Bad or missing Host' };
const BAD_FRAMING: HeadRefusal = { status: 400, text: 'Bad message framing' };

/** RFC 9112 section 6: one way to tell where the body ends, or none. */
function framingFault(version: string, fields: Fields): HeadRefusal | undefined {
  const lengths = fields.all('content-length');
  const codings = fields.all('transfer-encoding');
  if (lengths.length > 1 || (lengths.length > 0 && codings.length > 0)) return BAD_FRAMING;
  if (lengths[0] !== undefined && !/^\d{1,15}$/.test(lengths[0])) return BAD_FRAMING;
  if (codings.length === 0) return undefined;
  // A 1.0 sender can't mean it (section 6.1), and what isn't chunked at its end has no end that we know.
  if (version === '1.0' || codings.length > 1) return BAD_FRAMING;
  return codings[0]?.toLowerCase() === 'chunked'
    ? undefined
    : { status: 501, text: 'Transfer coding not implemented' };
}

/** RFC 9112 section 3.2: exactly one Host, also where the target has an authority, which then counts. */
function hostOf(
  fields: Fields,
  version: string,
  authority: string | undefined,
): RequestHost | HeadRefusal | undefined {
  const hosts = fields.all('host');
  if (hosts.length > 1) return BAD_HOST;
  const [text] = hosts;
  if (text === undefined && version === '1.0' && authority === undefined) return undefined;
  if (text === undefined && version !== '1.0') return BAD_HOST;
  if (text !== undefined && parseHost(text) === undefined) return BAD_HOST;
  return parseHost(authority ?? text ?? '') ?? BAD_HOST;
}

/** Fields that concern one connection only, by the `connection` field's own word (RFC 9110 section 7.6.1). */
export function connectionOptions(fields: Fields): ReadonlySet<string> {
  const values = fields.all('connection');
  return values.length === 0 ? NONE : new Set(tokens(values));
}

const NONE: ReadonlySet<string> = new Set();
