import { encodePart } from '../key.ts';
import type { Key } from '../ports.ts';

/**
 * The keys of one space: `<prefix>:<space>:{<partition>}:<kind>[:<rest>]`.
 *
 * Prefix, space and kind have no colon or brace in them, and neither has an encoded part, so the hash tag is exactly
 * the encoded partition, no two things share a key, and an access rule `<prefix>:<space>:*` means that space alone.
 */
export interface Keyspace {
  entry(key: Key): string;
  counter(key: Key): string;
  /** Members by score. */
  order(index: Key): string;
  /** Members that expire, by when. */
  expiry(index: Key): string;
  window(key: Key, periodMs: number): string;
  lease(key: Key): string;
  /** The last fencing token given out. */
  fence(key: Key): string;
  /** What the commit with this id answered. */
  applied(partition: string, id: string): string;
  /** Undelivered messages, oldest first. */
  outbox(partition: string): string;
  /** Whether the registry is known to name the partition: see `scripts/commit.lua`. */
  mark(partition: string): string;
  /** Who has claimed the partition's outbox. */
  claim(partition: string): string;
  /** The partitions that may have messages, by when to look at them next. */
  readonly registry: string;
}

export function keyspace(prefix: string, space: string): Keyspace {
  const head = `${prefix}:${space}:{`;
  const named = (kind: string) => {
    const middle = `}:${kind}:`;
    return (key: Key): string => head + encodePart(key[0]) + middle + rest(key);
  };
  const single = (kind: string) => {
    const tail = `}:${kind}`;
    return (partition: string): string => head + encodePart(partition) + tail;
  };
  return {
    entry: named('e'),
    counter: named('c'),
    order: named('x'),
    expiry: named('y'),
    window: (key, periodMs) => `${head}${encodePart(key[0])}}:w:${periodMs}:${rest(key)}`,
    lease: named('l'),
    fence: named('f'),
    applied: (partition, id) => `${head}${encodePart(partition)}}:i:${encodePart(id)}`,
    outbox: single('o'),
    mark: single('m'),
    claim: single('k'),
    registry: `${head}outbox}:r`,
  };
}

function rest(key: Key): string {
  let text = encodePart(key[1]);
  for (let i = 2; i < key.length; i += 1) text += `/${encodePart(key[i] as string)}`;
  return text;
}
