import { checkClaim, checkWhole } from '../arguments.ts';
import type { Outbox, OutboxClaim } from '../ports.ts';
import { answered } from './answer.ts';
import type { Keyspace } from './keyspace.ts';
import { lifetime } from './lifetime.ts';
import type { Link } from './link.ts';
import { decodeMessage } from './message.ts';
import { nonce } from './nonce.ts';
import { scripts } from './script.ts';

type Signal = AbortSignal | undefined;

/** A partition whose turn it is, and the time the registry has for it since. */
interface Turn {
  readonly partition: string;
  readonly time: string;
}

/**
 * The reading side. Nothing here is atomic across the registry and a partition, and nothing needs to be: whatever
 * stops in the middle leaves the partition in the registry (looked at again when the claim must have run out), or
 * its mark without `k` (named again by the next commit). `scripts/commit.lua` has the protocol.
 */
export function createOutbox(link: Link, keys: Keyspace): Outbox & { committed(): void } {
  const listeners = new Set<() => void>();
  const registry = [keys.registry];
  const of = (partition: string) => [
    ...[keys.outbox(partition), keys.mark(partition), keys.claim(partition)],
  ];

  async function nextTurn(claimMs: number, signal: Signal): Promise<Turn | undefined> {
    // A repetition would skip a partition until its turn comes again: late, but not lost.
    const reply = await link.run(scripts.next, registry, [String(claimMs)], 'again', signal);
    if (reply === null) return undefined;
    const [partition, time] = reply as [Buffer, Buffer];
    return { partition: partition.toString(), time: time.toString() };
  }

  async function forget({ partition, time }: Turn, signal: Signal): Promise<void> {
    await link.run(scripts.forget, registry, [partition, time], 'again', signal);
  }

  async function postpone({ partition }: Turn, ms: string, signal: Signal): Promise<void> {
    await link.run(scripts.postpone, registry, [partition, ms], 'again', signal);
  }

  async function end(turn: Turn, name: string, delivered: number, signal: Signal) {
    // Not repeated: the second answer would be that there is no such claim.
    const args = [name, String(delivered), nonce()];
    const left = await link.run(scripts.end, of(turn.partition), args, 'once', signal);
    if (left === -1) return false;
    if (left === 0) await forget(turn, signal);
    else await link.run(scripts.mark, registry, [turn.partition], 'again', signal);
    return true;
  }

  async function claim(limit: number, claimMs: number, signal: Signal) {
    for (;;) {
      const turn = await nextTurn(claimMs, signal);
      if (turn === undefined) return undefined;
      const name = nonce();
      const args = [name, String(limit), lifetime(claimMs), nonce()];
      const reply = await link.run(scripts.claim, of(turn.partition), args, 'again', signal);
      if (Array.isArray(reply)) return { turn, name, messages: reply as Buffer[] };
      if (reply === 0) await forget(turn, signal);
      else await postpone(turn, String(reply), signal);
    }
  }

  return {
    async claim(options, signal): Promise<OutboxClaim | undefined> {
      checkClaim(options);
      let claimed: Awaited<ReturnType<typeof claim>>;
      try {
        claimed = await claim(options.limit, options.claimMs, signal);
      } catch (error) {
        throw answered(error, 'an outbox');
      }
      if (claimed === undefined) return undefined;
      const { turn, name, messages } = claimed;
      return {
        partition: turn.partition,
        messages: messages.map((bytes) => decodeMessage(turn.partition, bytes)),
        async end(delivered, aborted) {
          checkWhole(delivered, 'delivered', 0, messages.length);
          try {
            return await end(turn, name, delivered, aborted);
          } catch (error) {
            throw answered(error, 'an outbox');
          }
        },
      };
    },
    onCommit(listener) {
      // Wrapped, so that the same function can listen twice.
      const own = () => listener();
      listeners.add(own);
      return { [Symbol.dispose]: () => listeners.delete(own) };
    },
    committed() {
      for (const listener of listeners) listener();
    },
  };
}
