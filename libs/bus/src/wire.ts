import type { Broker, Message } from './broker.ts';
import { BusArgumentError, PayloadTooLargeError } from './errors.ts';

/** Headers that this product puts on its messages; all but `traceparent` and `content-type` begin with `sp-`. */
export const HEADER = {
  type: 'content-type',
  /** A job's id. */
  id: 'sp-id',
  /** When a job was accepted, milliseconds since the epoch. */
  time: 'sp-time',
  /**
   * Milliseconds that the caller of an rpc will wait; relative, so clocks needn't agree. Left out when it is
   * {@link DEFAULT_TIMEOUT_MS}, which is part of the wire form for that reason.
   */
  timeout: 'sp-timeout',
  /** Idempotency key of an rpc. */
  key: 'sp-key',
  /** `busy`, `failed` or `contract` on the answer of an rpc; none when it is what was asked for. */
  status: 'sp-status',
  /** Of a dead letter. */
  deadReason: 'sp-dead-reason',
  deadConsumer: 'sp-dead-consumer',
  deadAttempts: 'sp-dead-attempts',
  deadSequence: 'sp-dead-sequence',
} as const;

/** How long the caller of an rpc waits unless it says otherwise. */
export const DEFAULT_TIMEOUT_MS = 5_000;

const encoder = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true });

/** In memory of its own. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

export function encodeJson(value: unknown): Uint8Array {
  return encodeText(JSON.stringify(value));
}

/**
 * The same for what nobody keeps. Faster, because the bytes lie in Node's shared pool; what is handed to another thread or
 * held for long would take all of the pool along.
 */
export function encodePassing(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** Throws `SyntaxError` or `TypeError` when `body` isn't JSON in UTF-8. */
export function decodeJson(body: Uint8Array): unknown {
  return JSON.parse(strict.decode(body));
}

/** What a dead letter adds to its message must still fit: 4 KiB are kept free in everything that is stored. */
export const HEADROOM = 4096;

/** Refuses a message that is larger than the broker takes, before anything is sent. */
export function checkSize(
  broker: Broker,
  subject: string,
  { headers, body }: Message,
  headroom = 0,
): void {
  let size = body.length;
  for (const name in headers) size += name.length + (headers[name] as string).length + 4;
  const limit = broker.maxPayload - headroom;
  if (size > limit) {
    throw new PayloadTooLargeError(
      `message of ${size} bytes for ${subject} must be at most ${limit}`,
    );
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const ID = /^[^\u0000-\u001f\u007f]{1,256}$/;

/** Ids and keys travel in headers, where a line break would begin another header. */
export function checkId(what: string, id: string): string {
  if (ID.test(id)) return id;
  throw new BusArgumentError(
    `${what} ${JSON.stringify(id.slice(0, 80))} must be 1 to 256 characters without controls`,
  );
}
