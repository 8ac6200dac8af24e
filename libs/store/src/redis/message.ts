import { DamagedRecordError } from '../errors.ts';
import { show } from '../key.ts';
import type { OutboxMessage } from '../ports.ts';

/**
 * A message in an outbox: `S` `O`, one byte layout (1), then four lengths (32 bits, big-endian) and what they measure:
 * id, subject, headers as JSON (nothing: none were given), body.
 */
const FIXED = 3 + 4 * 4;
const LAYOUT = 1;
const [S, O] = [0x53, 0x4f];

export function encodeMessage({ id, subject, headers, body }: OutboxMessage): Buffer {
  const parts = [
    Buffer.from(id),
    Buffer.from(subject),
    Buffer.from(headers === undefined ? '' : JSON.stringify(headers)),
    body,
  ];
  const bytes = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + part.byteLength, FIXED));
  bytes.set([S, O, LAYOUT]);
  let at = FIXED;
  parts.forEach((part, i) => {
    bytes.writeUInt32BE(part.byteLength, 3 + 4 * i);
    bytes.set(part, at);
    at += part.byteLength;
  });
  return bytes;
}

/** Throws `DamagedRecordError` for bytes that {@link encodeMessage} doesn't write. */
export function decodeMessage(partition: string, bytes: Buffer): OutboxMessage {
  if (bytes.length < FIXED || bytes[0] !== S || bytes[1] !== O || bytes[2] !== LAYOUT) {
    throw damaged(partition);
  }
  const parts: Buffer[] = [];
  let at = FIXED;
  for (let i = 0; i < 4; i += 1) {
    const end = at + bytes.readUInt32BE(3 + 4 * i);
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  if (at !== bytes.length) throw damaged(partition);
  const [id, subject, headers, body] = parts as [Buffer, Buffer, Buffer, Buffer];
  return {
    id: id.toString(),
    subject: subject.toString(),
    ...(headers.length === 0 ? {} : { headers: parseHeaders(partition, headers) }),
    body,
  };
}

function parseHeaders(partition: string, bytes: Buffer): Record<string, string> {
  try {
    const headers: unknown = JSON.parse(bytes.toString());
    if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
      throw new TypeError('headers are no object');
    }
    return headers as Record<string, string>;
  } catch (error) {
    throw damaged(partition, error);
  }
}

function damaged(partition: string, cause?: unknown): DamagedRecordError {
  return new DamagedRecordError(
    `outbox of partition ${show(partition)} has an entry that isn't a message of this store`,
    { cause },
  );
}
