import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Space, Store } from '../ports.ts';

/** One store to test. Disposal ends it and everything opened through it. */
export interface Subject extends AsyncDisposable {
  readonly store: Store;
  /**
   * Another client of the same store, as a second process would have. Where a store admits one client only, the same
   * one. The subject disposes it.
   */
  secondConnection(): Promise<Store>;
  /** Moves the store's time forward. Without it the suite waits. */
  advanceTime?(ms: number): Promise<void>;
  /** Ends the store, without warning if it can, starts it again and gives a client of it. */
  restart?(): Promise<Store>;
}

/** The part of ava's assertions that the suite needs. */
export interface Asserter {
  is(actual: unknown, expected: unknown, message?: string): unknown;
  deepEqual(actual: unknown, expected: unknown, message?: string): unknown;
  true(actual: unknown, message?: string): unknown;
  false(actual: unknown, message?: string): unknown;
  throwsAsync(
    work: () => Promise<unknown>,
    expected: { code: string; message?: RegExp },
    message?: string,
  ): Promise<unknown>;
}

/** What every case is given. */
export interface Scene {
  readonly subject: Subject;
  readonly store: Store;
  /** A space that no other case uses. */
  readonly space: Space;
  /** The same space through another connection. */
  other(): Promise<Space>;
  /** Whether time moves only when told to: then a case may look at the last millisecond before an expiry. */
  readonly exactTime: boolean;
  /** A time to live that is short to wait for and long enough to look before it ends, milliseconds. */
  readonly short: number;
  /** Returns when the store's time is `ms` later. */
  pass(ms: number): Promise<void>;
}

export type Cases = Readonly<Record<string, (t: Asserter, scene: Scene) => Promise<void>>>;

export function setScene(subject: Subject): Scene {
  const { store } = subject;
  const name = `c-${randomBytes(8).toString('hex')}`;
  return {
    subject,
    store,
    space: store.space(name),
    other: async () => (await subject.secondConnection()).space(name),
    exactTime: subject.advanceTime !== undefined,
    short: subject.advanceTime === undefined ? 400 : 10_000,
    async pass(ms) {
      if (subject.advanceTime !== undefined) return subject.advanceTime(ms);
      const end = (await store.now()) + ms;
      for (let now = end - ms; now < end; now = await store.now()) await sleep(end - now);
    },
  };
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);
