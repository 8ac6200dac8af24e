import Type, { type Static } from 'typebox';
import { nullable, Reference, Tags, Timestamp, Uuid } from '../fields.ts';
import { defineEntity } from './entity.ts';

/**
 * A key by which a consumer is recognised.
 *
 * The key itself isn't kept, only its keyed digest: neither the store nor an edge can give it away. Whoever creates
 * a credential sees the key once, in the answer.
 */
const KeyAuthSchema = Type.Object({
  id: Uuid,
  created_at: Timestamp,
  updated_at: Timestamp,
  /** Base64url of the HMAC-SHA-256 of the key under the product's credential key. */
  key_digest: Type.String({
    pattern: '^[A-Za-z0-9_-]{43}$',
    fault: 'expected the base64url of 32 bytes',
  }),
  consumer: Reference,
  /** Seconds from `created_at` after which it is refused; null: for ever. */
  ttl: nullable(Type.Integer({ minimum: 1, maximum: 100_000_000 })),
  tags: Tags,
});

export type KeyAuth = Static<typeof KeyAuthSchema>;

export const keyAuths = defineEntity({
  type: 'key-auths',
  schema: KeyAuthSchema,
  endpointKey: 'key_digest',
  unique: [['key_digest']],
  references: { consumer: { to: 'consumers', onDelete: 'cascade' } },
});

/** Whether the credential's time is over, at `now` milliseconds since the epoch. */
export function keyExpired({ created_at, ttl }: KeyAuth, now: number): boolean {
  return ttl !== null && now >= (created_at + ttl) * 1000;
}
