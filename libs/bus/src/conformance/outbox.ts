import { systemClock } from '@sallyport/runtime';
import type { OutgoingMessage } from '../ports.ts';
import type { Outbox, OutboxClaim } from '../relay.ts';

interface Partition {
  messages: OutgoingMessage[];
  claim: { until: number } | undefined;
}

/** An outbox in memory, as the store's port describes it. */
export class MemoryOutbox implements Outbox {
  readonly #partitions = new Map<string, Partition>();
  readonly #listeners = new Set<() => void>();
  #turn = 0;

  get size(): number {
    let size = 0;
    for (const { messages } of this.#partitions.values()) size += messages.length;
    return size;
  }

  commit(name: string, ...messages: OutgoingMessage[]): void {
    const partition = this.#partitions.get(name) ?? { messages: [], claim: undefined };
    this.#partitions.set(name, partition);
    partition.messages.push(...messages);
    for (const listener of this.#listeners) listener();
  }

  async claim({
    limit,
    claimMs,
  }: {
    limit: number;
    claimMs: number;
  }): Promise<OutboxClaim | undefined> {
    const now = systemClock.monotonic();
    const names = [...this.#partitions.keys()];
    for (let i = 0; i < names.length; i += 1) {
      this.#turn += 1;
      const name = names[this.#turn % names.length] as string;
      const partition = this.#partitions.get(name) as Partition;
      if (partition.messages.length === 0 || (partition.claim?.until ?? 0) > now) continue;
      const claim = { until: now + claimMs };
      partition.claim = claim;
      return {
        partition: name,
        messages: partition.messages.slice(0, limit),
        end: async (delivered) => {
          if (partition.claim !== claim || claim.until <= systemClock.monotonic()) return false;
          partition.messages = partition.messages.slice(delivered);
          partition.claim = undefined;
          return true;
        },
      };
    }
    return undefined;
  }

  onCommit(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
