import { hash } from 'node:crypto';
import { type Clock, type Logger, withDeadline } from '@sallyport/runtime';
import {
  decodePayload,
  open,
  type SessionKeys,
  SessionRecordError,
  type SessionState,
  sessionId,
  sessionState,
} from '@sallyport/session';
import { Lru } from '../front/lru.ts';
import type { KnownSession } from './known-session.ts';
import { countLookUp, type LookUp } from './metrics.ts';
import { type SessionPolicy, sealContext } from './policy.ts';
import type { Revocations } from './revocations.ts';
import type { SessionSettings } from './settings.ts';
import type { StoredSessions } from './stored-sessions.ts';

/** What a request's cookies say. */
export type Recognition =
  /** Nothing: there is no session of ours, or it is over. */
  | { readonly outcome: 'none' }
  /** It can't be told now; never to be taken for `none`. */
  | { readonly outcome: 'away'; readonly retryAfterMs: number }
  | {
      readonly outcome: 'session';
      readonly session: KnownSession;
      /** What is to be done about it while the request is under way. */
      readonly due: 'nothing' | 'touch' | 'renew';
    };

export interface RecognitionPorts {
  readonly keys: SessionKeys & { reload(signal?: AbortSignal): Promise<boolean> };
  readonly stored: StoredSessions;
  readonly revocations: Revocations;
  readonly clock: Clock;
  readonly logger: Logger;
}

const NONE: Recognition = { outcome: 'none' };
/** An expiry by a record that is older than this may be news from before somebody used the session elsewhere. */
const SURE_MS = 1000;
/** Of one session in a row, while more and more of its subject's are revoked. */
const MOST_READS = 3;
/** Between two reads of the ring for keys that weren't known. */
const KEYS_MS = 1000;

/** A session of which no more is known than its cookie says. */
type Met = Omit<KnownSession, 'record' | 'epoch' | 'readAt'>;

/**
 * Who has which session, from memory where that is known well enough: at once then, without store or bus. Cookies are kept by
 * digest. Nothing a client sends makes it throw or reject.
 */
export class SessionRecognition {
  readonly #ports: RecognitionPorts;
  readonly #settings: SessionSettings;
  readonly #known: Lru<KnownSession>;
  readonly #reads = new WeakMap<SessionPolicy, Map<string, Promise<Recognition>>>();
  #readingKeys: Promise<void> | undefined;
  #keysAt = Number.NEGATIVE_INFINITY;

  constructor(ports: RecognitionPorts, settings: SessionSettings) {
    this.#ports = ports;
    this.#settings = settings;
    this.#known = new Lru(settings.capacity);
  }

  get size(): number {
    return this.#known.size;
  }

  /** The first of `values` that is a session's. */
  recognise(
    policy: SessionPolicy,
    values: readonly string[],
    from = 0,
  ): Recognition | Promise<Recognition> {
    for (let at = from; at < values.length; at += 1) {
      const found = this.#one(policy, values[at] as string);
      if (found instanceof Promise) {
        return found.then((one) =>
          one.outcome === 'none' ? this.recognise(policy, values, at + 1) : one,
        );
      }
      if (found.outcome !== 'none') return found;
    }
    return NONE;
  }

  forget({ digest }: Met): void {
    this.#known.delete(digest);
  }

  #one(policy: SessionPolicy, value: string): Recognition | Promise<Recognition> {
    const digest = digestOf(policy, value);
    const known = this.#known.get(digest);
    return known === undefined ? this.#open(policy, value, digest) : this.#settle(policy, known);
  }

  /** Meets a cookie for the first time. `sure`: the ring was read since it came. */
  #open(
    policy: SessionPolicy,
    value: string,
    digest: string,
    sure = false,
  ): Recognition | Promise<Recognition> {
    const opened = open(this.#ports.keys, sealContext(policy), value);
    if (opened.outcome === 'refused') {
      if (opened.reason === 'unknown-key' && !sure) {
        return this.#withNewKeys((read) => this.#open(policy, value, digest, read));
      }
      return count('none', NONE);
    }
    const payload = this.#payload(opened.payload);
    if (payload === undefined) return count('none', NONE);
    const { sid, record } = payload;
    const id = sessionId(opened.tag, sid);
    const base = {
      ...{ digest, id, tag: opened.tag, sid, oldKey: opened.stale },
      ...{ next: undefined, goingOn: undefined, retryAt: Number.NEGATIVE_INFINITY },
    };
    if (policy.storage === 'server') return this.#together(policy, base);
    if (record === undefined) return count('none', NONE);
    const never = Number.NEGATIVE_INFINITY;
    const known = { ...base, record, epoch: record.epoch, readAt: never };
    this.#known.set(digest, known);
    return this.#settle(policy, known);
  }

  /** Decides by what is known, or asks the store. `how`: what was done about it just now. */
  #settle(
    policy: SessionPolicy,
    known: KnownSession,
    how: LookUp = 'warm',
  ): Recognition | Promise<Recognition> {
    const { clock, revocations, stored } = this.#ports;
    const { maxStalenessMs, outageGraceMs, recheckMs } = this.#settings;
    const judged = known.record.audience === policy.audience ? revocations.judge(known) : 'revoked';
    const state = sessionState(known.record, clock.now(), policy.timeouts);
    const idle = state.state === 'expired' && state.reason === 'idle';
    const server = policy.storage === 'server';
    // Somebody may have used it elsewhere since; everything else that ends a session is in any record of it.
    const certain = state.state === 'expired' && !(idle && server);
    if (judged === 'revoked' || certain) return this.#over(known);
    if (how === 'warm') {
      const age = this.#age(known);
      const sinceRead = clock.monotonic() - known.readAt;
      const old = server && sinceRead > (idle ? SURE_MS : recheckMs);
      if (judged === 'ask' || age > maxStalenessMs || old) {
        const patient = judged === 'none' && !idle && age <= outageGraceMs;
        if (patient && stored.failing) return this.#found(known, state, 'grace');
        return this.#together(policy, known, known);
      }
    } else if (judged === 'ask') return this.#over(known);
    return this.#found(known, state, how);
  }

  /** What the store says. `known`: what was known before, which goes on for a while when the store is away. */
  async #read(policy: SessionPolicy, base: Met, known?: KnownSession): Promise<Recognition> {
    const { clock, revocations, stored } = this.#ports;
    const own = policy.storage === 'cookie' ? known?.record : undefined;
    for (let tries = 1; ; tries += 1) {
      const read = await stored.read(base.id, base.tag, own);
      if (read.outcome === 'gone') return this.#over(base);
      if (read.outcome === 'away') {
        const good = known !== undefined && revocations.judge(known) === 'none';
        if (!good || this.#age(known) > this.#settings.outageGraceMs) return this.#away();
        const state = sessionState(known.record, clock.now(), policy.timeouts);
        return state.state === 'expired' ? this.#away() : this.#found(known, state, 'grace');
      }
      const { record, epoch, at: readAt } = read;
      const now = Object.assign(known ?? base, { record, epoch, readAt });
      // All of the subject were revoked while the store was asked; whether this one was spared is in the next answer.
      if (revocations.judge(now) === 'ask' && tries < MOST_READS) continue;
      this.#known.set(now.digest, now);
      return this.#settle(policy, now, 'read');
    }
  }

  /** Milliseconds since it was sure that nobody had revoked it. */
  #age({ readAt }: KnownSession): number {
    const { clock, revocations } = this.#ports;
    return clock.monotonic() - Math.max(readAt, revocations.currentAt);
  }

  #found(known: KnownSession, state: SessionState, how: LookUp): Recognition {
    if (state.state === 'expired') return this.#over(known);
    const due = state.state === 'renew' ? 'renew' : state.touch ? 'touch' : 'nothing';
    return count(how, { outcome: 'session', session: known, due });
  }

  #over(known: Met): Recognition {
    this.forget(known);
    return count('none', NONE);
  }

  #away(): Recognition {
    return count('away', { outcome: 'away', retryAfterMs: this.#settings.retryMs });
  }

  /** One question at a time about one cookie; whose time-outs differ ask for themselves. */
  #together(policy: SessionPolicy, base: Met, known?: KnownSession): Promise<Recognition> {
    const reads = this.#reads.get(policy) ?? new Map<string, Promise<Recognition>>();
    this.#reads.set(policy, reads);
    let asked = reads.get(base.digest);
    if (asked === undefined) {
      asked = this.#read(policy, base, known).finally(() => reads.delete(base.digest));
      reads.set(base.digest, asked);
    }
    return asked;
  }

  /** The ring may have a key since that this edge hasn't seen. */
  async #withNewKeys(
    again: (sure: boolean) => Recognition | Promise<Recognition>,
  ): Promise<Recognition> {
    // Keys that are being read already may be from before the one that is missed.
    const sure = this.#readingKeys === undefined;
    this.#readingKeys ??= this.#readKeys().finally(() => {
      this.#readingKeys = undefined;
    });
    try {
      await this.#readingKeys;
    } catch (error) {
      this.#ports.logger.warn('keys of sessions could not be read', { error });
      return this.#away();
    }
    return again(sure);
  }

  /** Anybody can name an unknown key, so that isn't worth more than one read a second; who was told of it by us waits for that. */
  async #readKeys(): Promise<void> {
    const { keys, clock } = this.#ports;
    const early = this.#keysAt + KEYS_MS - clock.monotonic();
    if (early > 0) await clock.sleep(early);
    this.#keysAt = clock.monotonic();
    const limit = { clock, ms: this.#settings.readMs, late: 'reading keys' };
    await withDeadline(limit, (cut) => keys.reload(cut));
  }

  #payload(bytes: Buffer): ReturnType<typeof decodePayload> {
    try {
      return decodePayload(bytes);
    } catch (error) {
      // Sealed by us, and yet not understood: a record of a newer version, in a cookie.
      if (!(error instanceof SessionRecordError)) throw error;
      this.#ports.logger.warn('a session cookie could not be understood', { error });
      return undefined;
    }
  }
}

/** Values of other contexts have other digests. */
function digestOf({ audience, cookie, storage }: SessionPolicy, value: string): string {
  return hash('sha256', `${storage}|${cookie}|${audience.length}:${audience}|${value}`, 'base64');
}

function count<R extends Recognition>(how: LookUp, recognition: R): R {
  countLookUp(how);
  return recognition;
}
