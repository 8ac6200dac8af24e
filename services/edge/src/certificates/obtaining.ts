import { type Rpc, RpcContractError, RpcTimeoutError } from '@sallyport/bus';
import { certsObtain, type ReplyOf } from '@sallyport/contracts';
import type { Clock, Ids, Logger } from '@sallyport/runtime';
import type { ClientAddress } from '../front/ports.ts';
import type { CertificateSettings } from './settings.ts';
import type { StoredAnswer } from './stored.ts';

/** What came of a name. `later`: nobody could say, or it isn't ready yet. */
export type Obtained =
  | Extract<StoredAnswer, { outcome: 'found' | 'refused' }>
  | { readonly outcome: 'later'; readonly reason: string };

export interface ObtainingPorts {
  /** The store's answer. */
  readonly read: (name: string) => Promise<StoredAnswer>;
  readonly rpc: Pick<Rpc, 'request'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

/** Less time isn't worth asking for, and so much is left for the answer to arrive. */
const LEAST_MS = 100;
/** After "ready" the store has it; a replica may need a moment. */
const MOST_READS = 20;

/**
 * Looks into the store, and asks certs for what isn't there, until it is known or `waitMs` have passed. What is away may come back in that
 * time. Never rejects; issuing goes on behind it in any case.
 */
export async function obtain(
  ports: ObtainingPorts,
  settings: CertificateSettings,
  name: string,
  client: ClientAddress | undefined,
): Promise<Obtained> {
  const { clock, logger } = ports;
  const deadline = clock.monotonic() + settings.waitMs;
  let reads = 0;
  let reason = 'certificate-unavailable';
  for (let first = true; ; first = false) {
    const left = deadline - clock.monotonic();
    if (left < LEAST_MS * 2) return { outcome: 'later', reason };
    if (!first) await clock.sleep(Math.min(settings.retryMs, left - LEAST_MS));
    try {
      const stored = await ports.read(name);
      if (stored.outcome !== 'nothing') return stored;
      if (reads >= MOST_READS) return { outcome: 'later', reason: 'certificate-missing' };
      const reply = await ask(ports, name, client, deadline - clock.monotonic());
      if (reply?.outcome === 'pending') return { outcome: 'later', reason: 'certificate-pending' };
      if (reply?.outcome === 'refused') return refused(reply, clock, settings);
      if (reply !== undefined) {
        const ready = await ports.read(name);
        if (ready.outcome === 'found') return ready;
        reason = 'certificate-missing';
        reads += 1;
      }
    } catch (error) {
      logger.warn('a certificate could not be looked for', { name, error });
      if (error instanceof RpcContractError) {
        return { outcome: 'later', reason: 'certificate-error' };
      }
      if (error instanceof RpcTimeoutError) return { outcome: 'later', reason };
    }
  }
}

/** Undefined when there is no time for an answer. */
async function ask(
  { rpc, ids }: ObtainingPorts,
  name: string,
  client: ClientAddress | undefined,
  left: number,
): Promise<ReplyOf<typeof certsObtain> | undefined> {
  if (left < LEAST_MS * 2) return undefined;
  const waitMs = Math.floor(left - LEAST_MS);
  const who = client === undefined ? {} : { client: { ...client } };
  return rpc.request(
    certsObtain,
    { name, ...who, waitMs },
    { timeoutMs: Math.floor(left), idempotencyKey: ids.next() },
  );
}

function refused(
  { reason, retryAfter }: { readonly reason: string; readonly retryAfter?: string },
  clock: Clock,
  { refusalMs }: CertificateSettings,
): Obtained {
  const until = retryAfter === undefined ? clock.now() + refusalMs : Date.parse(retryAfter);
  return { outcome: 'refused', reason, until };
}
