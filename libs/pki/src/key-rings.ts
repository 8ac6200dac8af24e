import type { Clock } from '@sallyport/runtime';
import { RingAccessError, RingConflictError, RingMissingError } from './errors.ts';
import {
  type Ciphers,
  ciphersOf,
  type KeyInfo,
  type KeyRing,
  keyInfos,
  keyRing,
} from './key-ring.ts';
import { LiveRing } from './live-ring.ts';
import type { MasterKey } from './master-key.ts';
import type { RingPart, RingStore, StoredRing } from './ports.ts';
import type { MessagePurpose, PurposeName, RecordPurpose, ServiceName } from './purposes.ts';
import { purposeOf } from './purposes.ts';
import { type RingContent, readRing, wrappedBy, writeRing } from './ring-record.ts';
import { firstRing, retired, rotated } from './rotation.ts';
import {
  type PrivateKeys,
  type PublicKey,
  privateKeysOf,
  publicContent,
  publicKeyOf,
  type SecretReader,
  type SecretSealer,
  secretReader,
  secretSealer,
} from './secret.ts';

/**
 * The rings that one service may have.
 *
 * Rejections beside the store's own: `RingAccessError` (not on the list of {@link PURPOSES}), `RingMissingError` (its owner
 * hasn't made it yet: try again), `MasterKeyMismatchError` (exit 78), `RingDamagedError`, `RingConflictError`.
 */
export interface KeyRings {
  /** The ring for its readers. Its owner makes it when there is none. */
  openRing(purpose: RecordPurpose, signal?: AbortSignal): Promise<KeyRing>;
  /** As {@link openRing}, for secrets in messages. */
  openReader(purpose: MessagePurpose, signal?: AbortSignal): Promise<SecretReader>;
  /** What seals for the readers of `purpose`. */
  openSealer(purpose: MessagePurpose, signal?: AbortSignal): Promise<SecretSealer>;

  /** Without the keys themselves. For readers. */
  list(purpose: PurposeName, signal?: AbortSignal): Promise<readonly KeyInfo[]>;
  /** Gives the ring a new active key; the one before still opens. For the owner. */
  rotate(purpose: PurposeName, signal?: AbortSignal): Promise<readonly KeyInfo[]>;
  /**
   * Destroys fallback keys that were replaced more than `olderThanMs` ago. What they sealed is lost: the time must be longer than
   * anything sealed is kept without being sealed again. For the owner.
   */
  retire(
    purpose: PurposeName,
    options: { readonly olderThanMs: number },
    signal?: AbortSignal,
  ): Promise<readonly KeyInfo[]>;
  /**
   * Wraps the ring with the current master key if an earlier one did; true when it was done. Once all rings are, no process needs
   * the earlier one any more. For the owner.
   */
  rewrap(purpose: PurposeName, signal?: AbortSignal): Promise<boolean>;
}

export interface KeyRingPorts {
  readonly store: RingStore;
  readonly clock: Clock;
}

export interface KeyRingOptions {
  /** Who asks. */
  readonly service: ServiceName;
  readonly masterKey: MasterKey;
  /** Earlier master keys, while rings are being rewrapped: what they wrapped can be read. */
  readonly earlierMasterKeys?: readonly MasterKey[];
}

/** How often a change is tried again when others change the same ring. */
const ATTEMPTS = 5;

export function createKeyRings(
  { store, clock }: KeyRingPorts,
  { service, masterKey, earlierMasterKeys = [] }: KeyRingOptions,
): KeyRings {
  const masters = [masterKey, ...earlierMasterKeys];

  function permit(purpose: PurposeName, role: 'owner' | 'reader' | 'sealer'): void {
    const { owner, readers, sealers = [] } = purposeOf(purpose);
    const allowed = role === 'owner' ? [owner] : role === 'reader' ? readers : sealers;
    if (allowed.includes(service)) return;
    throw new RingAccessError(
      `service ${service} must be a ${role} of '${purpose}': ${allowed.join(', ')}`,
    );
  }

  async function load(purpose: PurposeName, part: RingPart, signal?: AbortSignal) {
    const stored = await store.load(purpose, part, signal);
    return stored === undefined
      ? undefined
      : { stored, content: readRing(masters, purpose, part, stored) };
  }

  async function mustLoad(purpose: PurposeName, part: RingPart, signal?: AbortSignal) {
    const found = await load(purpose, part, signal);
    return found ?? missing(purpose);
  }

  function save(
    purpose: PurposeName,
    content: RingContent,
    expected: StoredRing | undefined,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const parts: [RingPart, RingContent][] = [['ring', content]];
    if (purposeOf(purpose).sealers !== undefined) parts.push(['public', publicContent(content)]);
    const records = parts.map(([part, value]) => ({
      part,
      record: writeRing(masterKey, purpose, part, value),
    }));
    return store.save(purpose, records, expected?.version, signal);
  }

  /** Applies `next` to the newest ring until nobody was faster. When it gives the same ring, or none, nothing is written. */
  async function change(
    purpose: PurposeName,
    signal: AbortSignal | undefined,
    next: (ring: RingContent | undefined, stored?: StoredRing) => RingContent | undefined,
  ): Promise<{ content: RingContent | undefined; changed: boolean }> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const found = await load(purpose, 'ring', signal);
      const content = next(found?.content, found?.stored);
      if (content === undefined || content === found?.content) {
        return { content: found?.content, changed: false };
      }
      if (await save(purpose, content, found?.stored, signal)) return { content, changed: true };
    }
    throw new RingConflictError(
      `ring '${purpose}' was changed by others ${ATTEMPTS} times in a row`,
    );
  }

  async function openPart<Made>(
    purpose: PurposeName,
    part: RingPart,
    make: (content: RingContent) => Made,
    signal: AbortSignal | undefined,
  ): Promise<LiveRing<Made>> {
    if (part === 'ring' && purposeOf(purpose).owner === service) {
      await change(purpose, signal, (content) => content ?? firstRing(clock.now()));
    }
    const { content } = await mustLoad(purpose, part, signal);
    const again = async () => (await mustLoad(purpose, part)).content;
    return new LiveRing(content, make, again, clock);
  }

  return {
    async openRing(purpose, signal) {
      permit(purpose, 'reader');
      const make = (content: RingContent): Ciphers => ciphersOf(purpose, content);
      return keyRing(purpose, await openPart(purpose, 'ring', make, signal));
    },
    async openReader(purpose, signal) {
      permit(purpose, 'reader');
      const live = await openPart<PrivateKeys>(purpose, 'ring', privateKeysOf, signal);
      return secretReader(purpose, live, clock);
    },
    async openSealer(purpose, signal) {
      permit(purpose, 'sealer');
      const live = await openPart<PublicKey>(purpose, 'public', publicKeyOf, signal);
      return secretSealer(purpose, live, clock);
    },
    async list(purpose, signal) {
      permit(purpose, 'reader');
      return keyInfos((await mustLoad(purpose, 'ring', signal)).content);
    },
    async rotate(purpose, signal) {
      permit(purpose, 'owner');
      const { content } = await change(purpose, signal, (ring) =>
        ring === undefined ? firstRing(clock.now()) : rotated(ring, clock.now()),
      );
      return keyInfos(content ?? missing(purpose));
    },
    async retire(purpose, { olderThanMs }, signal) {
      permit(purpose, 'owner');
      const { content } = await change(
        purpose,
        signal,
        (ring) => ring && retired(ring, clock.now() - olderThanMs),
      );
      return keyInfos(content ?? missing(purpose));
    },
    async rewrap(purpose, signal) {
      permit(purpose, 'owner');
      const { changed } = await change(purpose, signal, (ring, stored) => {
        if (ring === undefined || stored === undefined) return undefined;
        if (wrappedBy(stored.bytes) === masterKey.id) return undefined;
        return { ...ring, revision: ring.revision + 1 };
      });
      return changed;
    },
  };
}

function missing(purpose: PurposeName): never {
  const { owner } = purposeOf(purpose);
  throw new RingMissingError(`ring '${purpose}' must be made by service ${owner} first`);
}
