import { SessionRecordError } from './errors.ts';

/** The number of the format that is written today. Goes up with every change of what is written. */
export const RECORD_FORMAT = 1;

/** A session: what the store has, or the cookie itself with cookie storage. Times are milliseconds since the Unix epoch. */
export interface SessionRecord {
  readonly audience: string;
  readonly subject: string;
  /** The consumer entity it was made for. */
  readonly consumer?: string;
  /** The credential entity it was made with. */
  readonly credential?: string;
  readonly groups?: readonly string[];
  /** SHA-256 of the client certificate that must be shown at every use, base64url. */
  readonly certificate?: string;
  /** When somebody logged in; the absolute time-out counts from it, over all renewals. */
  readonly created: number;
  /** When this id was made; the rolling time-out counts from it. */
  readonly rolled: number;
  /** When it was used, to the accuracy of touching; the idle time-out counts from it. */
  readonly seen: number;
  /** How often it was renewed. */
  readonly generation: number;
  /** The subject's epoch when it was made. */
  readonly epoch: number;
  /** The key that its successor's secret is made with. */
  readonly kid: number;
  /** Whether the lasting cookie carries it. */
  readonly remember: boolean;
  /** Until when it may live at most, whatever time-outs its reader applies: so it is known when a revocation is needed no more. */
  readonly ends?: number;
  /** Who logged in, for lists. Not in cookies. */
  readonly client?: { readonly address: string; readonly port?: number };
  /** The id that it went on from, while that may still be taken. Not in cookies. */
  readonly previous?: string;
  /** Set when it was renewed: the id that goes on, and until when this one is still taken. */
  readonly superseded?: { readonly by: string; readonly until: number };
}

/** UTF-8 JSON `[format, record]`. */
export function encodeRecord(record: SessionRecord): Buffer {
  return Buffer.from(JSON.stringify([RECORD_FORMAT, record]), 'utf8');
}

/** Throws `SessionRecordError` for another format, or bytes that {@link encodeRecord} doesn't write. */
export function decodeRecord(bytes: Uint8Array): SessionRecord {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SessionRecordError('session record must be UTF-8 JSON', { cause });
  }
  const [format, record] = Array.isArray(value) && value.length === 2 ? value : [];
  if (format !== RECORD_FORMAT) {
    const found = typeof format === 'number' ? format : 'none';
    throw new SessionRecordError(
      `session record has format ${found}, the only known is ${RECORD_FORMAT}`,
    );
  }
  const fault = faultOf(record);
  if (fault === undefined) return record as SessionRecord;
  throw new SessionRecordError(`session record: ${fault}`);
}

type Test = (value: unknown) => boolean;

const text: Test = (value) => typeof value === 'string';
const whole: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const optional =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);

const FIELDS: Record<keyof SessionRecord, Test> = {
  audience: text,
  subject: text,
  consumer: optional(text),
  credential: optional(text),
  groups: optional((value) => Array.isArray(value) && value.every(text)),
  certificate: optional(text),
  created: whole,
  rolled: whole,
  seen: whole,
  generation: whole,
  epoch: whole,
  kid: whole,
  remember: (value) => typeof value === 'boolean',
  ends: optional(whole),
  client: optional((value) => isObject(value) && text(value['address'])),
  previous: optional(text),
  superseded: optional((value) => isObject(value) && text(value['by']) && whole(value['until'])),
};

/** Fields that this version doesn't know are let be: a newer version may add some within a format. */
function faultOf(record: unknown): string | undefined {
  if (!isObject(record)) return 'must be an object';
  for (const [name, test] of Object.entries(FIELDS)) {
    if (!test(record[name])) return `field '${name}' isn't what format ${RECORD_FORMAT} promises`;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
