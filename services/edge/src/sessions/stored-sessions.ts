import { type Clock, type Logger, withDeadline } from '@sallyport/runtime';
import {
  decodeEpoch,
  decodeRecord,
  type SessionRecord,
  sessionStands,
  storeKeys,
} from '@sallyport/session';
import type { Space } from '@sallyport/store';
import type { SessionSettings } from './settings.ts';

/** What the store says of a session. `away`: it can't be asked, or says what this version doesn't understand. */
export type Stored =
  | {
      readonly outcome: 'stands';
      readonly record: SessionRecord;
      /** The subject's epoch, which this session withstands. */
      readonly epoch: number;
      /** When it was asked, by the monotonic clock: what happened later isn't in it. */
      readonly at: number;
    }
  | { readonly outcome: 'gone' }
  | { readonly outcome: 'away' };

export interface StoredSessionPorts {
  /** The space `sessions`. */
  readonly space: Pick<Space, 'get'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Reads sessions, in one trip each. */
export class StoredSessions {
  readonly #ports: StoredSessionPorts;
  readonly #settings: SessionSettings;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(ports: StoredSessionPorts, settings: SessionSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** Whether asking has just failed: who can do without leaves it be. */
  get failing(): boolean {
    return this.#ports.clock.monotonic() - this.#failedAt < this.#settings.retryMs;
  }

  /** Never rejects. `own`: the record, where a cookie brought it along. */
  async read(id: string, tag: string, own?: SessionRecord): Promise<Stored> {
    const { space, clock, logger } = this.#ports;
    const at = clock.monotonic();
    const keys = [storeKeys.record(id), storeKeys.revoked(id), storeKeys.epoch(tag)];
    try {
      const [entry, revoked, epochEntry] = await withDeadline(
        { clock, ms: this.#settings.readMs, late: 'reading a session' },
        (signal) => space.get(keys, signal),
      );
      this.#failedAt = Number.NEGATIVE_INFINITY;
      const record = own ?? (entry === undefined ? undefined : decodeRecord(entry.value));
      if (record === undefined || revoked !== undefined) return { outcome: 'gone' };
      const current = decodeEpoch(epochEntry);
      if (!sessionStands({ id, epoch: record.epoch }, current)) return { outcome: 'gone' };
      return { outcome: 'stands', record, at, epoch: Math.max(record.epoch, current?.epoch ?? 0) };
    } catch (error) {
      this.#failedAt = clock.monotonic();
      logger.warn('a session could not be read', { session: id, error });
      return { outcome: 'away' };
    }
  }
}
