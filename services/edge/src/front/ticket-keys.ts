import { randomBytes } from 'node:crypto';
import { TicketKeyError } from '../errors.ts';

/** Keys that session tickets are sealed with, 48 bytes each as OpenSSL wants them: 16 of name, 32 of secrets. */
export interface TicketKeys {
  /** Seals new tickets. */
  readonly current: Buffer;
  /** Still opens old ones. */
  readonly previous: readonly Buffer[];
}

/** The keys as the front uses them: found by the name that a ticket bears in clear. */
export interface TicketRing {
  readonly current: Buffer;
  /** The older key of that name (32 hexadecimal digits); undefined for the current one and for strangers. */
  previous(name: string): Buffer | undefined;
  has(name: string): boolean;
}

const KEY_BYTES = 48;
const NAME_BYTES = 16;

/** `TicketKeyError` for keys that can't be used; the message has no key in it. */
export function ticketRing({ current, previous }: TicketKeys): TicketRing {
  const byName = new Map<string, Buffer>();
  for (const key of [current, ...previous]) {
    if (key.length !== KEY_BYTES) {
      throw new TicketKeyError(`ticket key of ${key.length} bytes must have ${KEY_BYTES}`);
    }
    const name = nameOf(key);
    if (byName.has(name)) throw new TicketKeyError(`ticket key name ${name} must be of one key`);
    byName.set(name, Buffer.from(key));
  }
  const own = nameOf(current);
  return {
    current: Buffer.from(current),
    previous: (name) => (name === own ? undefined : byName.get(name)),
    has: (name) => byName.has(name),
  };
}

/** A key of this process alone: until shared ones come, sessions are resumed here only. */
export function ownTicketKeys(): TicketKeys {
  return { current: randomBytes(KEY_BYTES), previous: [] };
}

const nameOf = (key: Buffer) => key.toString('hex', 0, NAME_BYTES);
