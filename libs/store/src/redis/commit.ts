import { randomFillSync } from 'node:crypto';
import { checkChanges } from '../changes.ts';
import { StoreUnavailableError } from '../errors.ts';
import { show } from '../key.ts';
import type { Changes, Check, Committed, Conflict, Version } from '../ports.ts';
import { answered } from './answer.ts';
import type { Keyspace } from './keyspace.ts';
import { lifetime } from './lifetime.ts';
import type { Argument, Link } from './link.ts';
import { encodeMessage } from './message.ts';
import { nonce } from './nonce.ts';
import { encodeEntry, versionAt, versionBytes } from './record.ts';
import { scripts } from './script.ts';

type Signal = AbortSignal | undefined;

/** What `commit.lua` answers: nothing but the counters; the check that failed; a nonce; or what it answered before. */
type Reply =
  | [applied: 0, ...counters: Buffer[]]
  | [conflict: 1, check: number]
  | [unmarked: 2, nonce: Buffer]
  | [before: 3, answer: Buffer];

/** How often a commit names its partition in the registry before it gives up against readers who forget it again. */
const MARK_ATTEMPTS = 10;

export function createCommit(link: Link, keys: Keyspace, onOutbox: () => void) {
  async function apply(changes: Changes, partition: string, version: Buffer, signal: Signal) {
    // Without an id nobody could tell that a repetition is one.
    const repeat = changes.id === undefined ? 'once' : 'again';
    let proof = '';
    for (let attempt = 0; attempt < MARK_ATTEMPTS; attempt += 1) {
      const [names, args] = encode(changes, partition, version, keys, link.cluster, proof);
      const reply = (await link.run(scripts.commit, names, args, repeat, signal)) as Reply;
      if (reply[0] !== 2) return reply;
      proof = reply[1].toString();
      await link.run(scripts.mark, [keys.registry], [partition], 'again', signal);
    }
    throw new StoreUnavailableError(
      `partition ${show(partition)} couldn't be kept in the registry in ${MARK_ATTEMPTS} attempts`,
    );
  }

  return async function commit(changes: Changes, signal: Signal): Promise<Committed | Conflict> {
    const partition = checkChanges(changes);
    const version = randomFillSync(Buffer.allocUnsafe(16));
    let reply: Awaited<ReturnType<typeof apply>>;
    try {
      reply = await apply(changes, partition, version, signal);
    } catch (error) {
      throw answered(error, `a commit to partition ${show(partition)}`, changes.count);
    }
    if (reply[0] === 1) return { ok: false, failed: changes.check?.[reply[1]] as Check };
    const committed = reply[0] === 3 ? remembered(reply[1]) : fresh(version, reply.slice(1));
    if ((changes.outbox?.length ?? 0) > 0) onOutbox();
    return committed;
  };
}

function fresh(version: Buffer, counters: readonly unknown[]): Committed {
  return { ok: true, version: versionAt(version, 0), counters: counters.map(Number) };
}

/** What a commit with this id answered before: `S` `I` and layout 1, version, counters with commas between. */
function remembered(answer: Buffer): Committed {
  const counters = answer.toString('latin1', 19);
  const version: Version = versionAt(answer, 3);
  return { ok: true, version, counters: counters === '' ? [] : counters.split(',').map(Number) };
}

/** KEYS and ARGV of `commit.lua`, which says what they are. */
function encode(
  changes: Changes,
  partition: string,
  version: Buffer,
  keys: Keyspace,
  cluster: boolean,
  proof: string,
): [names: string[], args: Argument[]] {
  const { id, check = [], put = [], index = [], count = [], outbox = [] } = changes;
  const deleted = changes.delete ?? [];
  const names: string[] = id === undefined ? [] : [keys.applied(partition, id)];
  const args: Argument[] = [id === undefined ? '0' : '1', version, String(check.length)];
  for (const one of check) {
    if ('lease' in one) {
      names.push(keys.lease(one.lease));
      args.push('l', String(one.token));
    } else {
      names.push(keys.entry(one.key));
      args.push('e', versionBytes(one.version));
    }
  }
  args.push(String(count.length));
  for (const { key, add, ttlMs } of count) {
    names.push(keys.counter(key));
    args.push(String(add), optional(ttlMs));
  }
  args.push(String(index.length));
  for (const one of index) {
    names.push(keys.order(one.index), keys.expiry(one.index));
    if ('remove' in one) args.push('r', one.remove);
    // + 0: −0 is 0.
    else args.push('a', one.add, String(one.score + 0), String(one.ttlMs ?? ''));
  }
  args.push(String(put.length));
  for (const { key, value, format, ttlMs } of put) {
    names.push(keys.entry(key));
    args.push(encodeEntry(value, format, version), optional(ttlMs));
  }
  args.push(String(deleted.length));
  for (const key of deleted) names.push(keys.entry(key));
  args.push(String(outbox.length));
  if (outbox.length > 0) {
    names.push(keys.outbox(partition), keys.mark(partition));
    if (!cluster) names.push(keys.registry);
    args.push(cluster ? 'r' : 'l', partition, proof, nonce());
    for (const message of outbox) args.push(encodeMessage(message));
  }
  return [names, args];
}

function optional(ttlMs: number | undefined): string {
  return ttlMs === undefined ? '' : lifetime(ttlMs);
}
