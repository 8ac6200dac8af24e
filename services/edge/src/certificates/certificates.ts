import { type FeedReader, type Feeds, followFeed } from '@sallyport/bus';
import { certificates as feed } from '@sallyport/contracts';
import { certificateFeed } from '@sallyport/pki';
import { Lru } from '../front/lru.ts';
import type { Certificate, ChallengeCertificates, ClientAddress, Refusal } from '../front/ports.ts';
import type { ClientHello } from '../hello/client-hello.ts';
import { noteFresh } from '../sessions/metrics.ts';
import { type HttpChallenges, storedChallenges } from './challenges.ts';
import { countCertificate } from './metrics.ts';
import { type Obtained, type ObtainingPorts, obtain } from './obtaining.ts';
import { CERTIFICATE_SETTINGS, type CertificateSettings } from './settings.ts';
import { readCertificate, type StoredAnswer, type StoredCertificatePorts } from './stored.ts';

export interface CertificatePorts
  extends StoredCertificatePorts,
    Pick<ObtainingPorts, 'rpc' | 'ids' | 'logger'> {
  readonly feeds: Feeds;
}

/** A `CertificateSource` that may be told who asks. */
interface ClientCertificateSource {
  /** With `client`, permission may depend on the address. Never rejects. */
  find(
    name: string | undefined,
    hello: ClientHello,
    signal: AbortSignal,
    client?: ClientAddress,
  ): Promise<Certificate | Refusal>;
}

/** Certificates and challenges for the front and for port 80. */
export interface Certificates extends AsyncDisposable {
  /** Begins to follow what certs changes. */
  start(): Promise<void>;
  readonly source: ClientCertificateSource;
  readonly challenges: ChallengeCertificates;
  readonly httpChallenges: HttpChallenges;
  /** How many are in memory. */
  readonly size: number;
  /** Whether everything that changed is known. */
  readonly fresh: boolean;
}

interface Held {
  readonly certificate: Certificate;
  readonly notAfter: number;
  /** By the monotonic clock. */
  readonly readAt: number;
  /** Something about the name has changed since. */
  changed: boolean;
}

const WORD = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** Without news of changes the store is asked as often as that. */
const STALE_RECHECK_MS = 10_000;

/**
 * Memory, then the store, then certs, which obtains it while the handshake waits: once for everybody of this process who waits for the
 * name. A certificate serves until it ends, whatever is away; what is heard of changes only makes it be looked for again.
 */
export function createCertificates(
  ports: CertificatePorts,
  given: Partial<CertificateSettings> = {},
): Certificates {
  const { clock, logger, feeds } = ports;
  const settings = { ...CERTIFICATE_SETTINGS, ...given };
  const stack = new AsyncDisposableStack();
  const held = new Lru<Held>(settings.capacity);
  const refusals = new Lru<{ readonly reason: string; readonly until: number }>(settings.capacity);
  const flights = new Map<string, Promise<Obtained>>();
  /** Reads under way, to be told of changes that they may have missed. */
  const reads = new Map<string, { changed: boolean; readonly answer: Promise<StoredAnswer> }>();
  const challenges = storedChallenges(ports, settings.readMs);
  let follower: FeedReader | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;

  function read(name: string): Promise<StoredAnswer> {
    const under = reads.get(name);
    if (under !== undefined) return under.answer;
    const readAt = clock.monotonic();
    const keep = (answer: StoredAnswer) => {
      if (answer.outcome === 'found') {
        const { certificate, notAfter } = answer;
        held.set(name, { certificate, notAfter, readAt, changed: watch.changed });
      } else held.delete(name);
      return answer;
    };
    const answer = readCertificate(ports, name, settings.readMs)
      .then(keep)
      .finally(() => reads.delete(name));
    const watch = { changed: false, answer };
    reads.set(name, watch);
    return answer;
  }

  function flight(name: string, client: ClientAddress | undefined) {
    const joined = flights.get(name);
    if (joined !== undefined) return { joined: true, result: joined };
    const result = obtain({ ...ports, read }, settings, name, client)
      .then((obtained) => {
        if (obtained.outcome === 'refused') refuse(name, obtained);
        return obtained;
      })
      .finally(() => flights.delete(name));
    flights.set(name, result);
    return { joined: false, result };
  }

  function refuse(name: string, { reason, until }: { reason: string; until: number }): void {
    const lasts = Math.min(settings.refusalMs, until - clock.now());
    if (lasts > 0) refusals.set(name, { reason, until: clock.monotonic() + lasts });
  }

  /** Looks again for a certificate that there is; false: not now. */
  async function lookAgain(name: string): Promise<boolean> {
    if (clock.monotonic() - failedAt < settings.retryMs) return false;
    try {
      await read(name);
      return true;
    } catch (error) {
      failedAt = clock.monotonic();
      logger.warn('a certificate could not be looked for again', { name, error });
      return false;
    }
  }

  /** From memory, if it may be served; undefined: ask. */
  async function remembered(name: string): Promise<Certificate | undefined> {
    const known = held.get(name);
    const now = clock.now();
    if (known === undefined || now >= known.notAfter) return undefined;
    if (known.changed) {
      const looked = await lookAgain(name);
      if (!looked) countCertificate('stale');
      return looked ? held.get(name)?.certificate : known.certificate;
    }
    const recheck = follower?.fresh === true ? settings.recheckMs : STALE_RECHECK_MS;
    const ending = now >= known.notAfter - settings.expiryMarginMs;
    if (ending || clock.monotonic() - known.readAt > recheck) void lookAgain(name);
    countCertificate('memory');
    return known.certificate;
  }

  function told({ kind, name, removed }: { kind: string; name: string; removed?: boolean }): void {
    if (kind === 'challenge') return;
    refusals.delete(name);
    const watch = reads.get(name);
    if (watch !== undefined) watch.changed = true;
    const known = held.get(name);
    if (known === undefined) return;
    // What was taken away isn't served while the store can't be asked.
    if (removed === true && kind === 'certificate') held.delete(name);
    else known.changed = true;
  }

  function forgetAll(): void {
    for (const [name] of [...refusals.entries()]) refusals.delete(name);
    for (const [, known] of held.entries()) known.changed = true;
    for (const watch of reads.values()) watch.changed = true;
  }

  async function find(
    name: string | undefined,
    signal: AbortSignal,
    client?: ClientAddress,
  ): Promise<Certificate | Refusal> {
    if (name === undefined) return { refused: 'no-server-name' };
    const known = await remembered(name);
    if (known !== undefined) return known;
    for (;;) {
      const no = refusals.get(name);
      if (no !== undefined && clock.monotonic() < no.until) return refusal(no.reason);
      const { joined, result } = flight(name, client);
      const obtained = await result;
      if (obtained.outcome === 'found') {
        countCertificate('flight');
        return obtained.certificate;
      }
      // Who joined late has time left: the others' deadline isn't theirs.
      if (obtained.outcome === 'refused' || !joined || signal.aborted) {
        return refusal(obtained.reason);
      }
    }
  }

  return {
    async start() {
      follower = stack.use(
        await followFeed({
          ...{ feed, feeds, clock, source: certificateFeed(ports.space) },
          reset: forgetAll,
          apply: told,
          onFresh: (fresh) => noteFresh('certificates', fresh),
          onError: (error) => logger.debug('certificates could not be followed', { error }),
        }),
      );
    },
    source: { find: (name, _hello, signal, client) => find(name, signal, client) },
    challenges: challenges.certificates,
    httpChallenges: challenges.http,
    get size() {
      return held.size;
    },
    get fresh() {
      return follower?.fresh ?? false;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function refusal(reason: string): Refusal {
  countCertificate('refused');
  return { refused: WORD.test(reason) ? reason : 'refused' };
}
