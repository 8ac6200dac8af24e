import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { type FeedOwner, ownFeed } from '@sallyport/bus';
import { certsObtain, type DataOf, certificates as feed, type ReplyOf } from '@sallyport/contracts';
import {
  type CertificatePorts,
  type Certificates,
  type ClientHello,
  createCertificates,
} from '@sallyport/edge';
import {
  type CertificateChange,
  certificateFeed,
  generatePrivateKey,
  type KeyRing,
  type PrivateKey,
  type StoredKind,
  sealPrivateKey,
  selfSigned,
  storedAlpnChallenges,
  storedCertificates,
  storedChangeHead,
  storedChanges,
  storedHttpChallenges,
  storedRefusals,
} from '@sallyport/pki';
import { createLogger, randomIds } from '@sallyport/runtime';
import { type Key, type Space, StoreUnavailableError } from '@sallyport/store';
import type { World } from '../sessions/sessions-world.ts';
import { until } from '../world/until.ts';
import { ringsOf } from './plugins-world.ts';

type Question = DataOf<typeof certsObtain>;
type Answer = ReplyOf<typeof certsObtain>;

const HOUR = 3_600_000;
/** Keys are slow to make, and here it doesn't matter whose they are. */
const key: Promise<PrivateKey> = generatePrivateKey('ec-p256');

/** The service certs, as far as edges see it. */
export interface CertsSide extends AsyncDisposable {
  readonly ring: KeyRing;
  readonly questions: Question[];
  /** Gives `name` a certificate in the store; its id. `endsMs`: from now. */
  certify(name: string, endsMs?: number): Promise<string>;
  put<T>(kind: StoredKind<T>, at: Key, record: T, ttlMs?: number): Promise<void>;
  remove(at: Key): Promise<void>;
  /** Tells edges. */
  change(change: CertificateChange): Promise<void>;
  publishAlpn(name: string): Promise<string>;
  publishHttp(name: string, token: string, answer: string): Promise<void>;
  refuse(name: string, reason: string): Promise<void>;
  /** Answers `certs.obtain` from now on. */
  answer(how: (question: Question) => Answer | Promise<Answer>): Promise<AsyncDisposable>;
}

/** The first change begins a numbering, for which edges forget what they knew: later ones are heard each by itself. */
export async function beginChanges(certs: CertsSide, edge: EdgeCertificates): Promise<void> {
  const name = 'first-change.test';
  await certs.certify(name);
  await edge.find(name);
  await certs.change({ kind: 'certificate', name });
  await until(async () => {
    const before = edge.trips.store;
    await edge.find(name);
    return edge.trips.store > before;
  }, 'it is heard');
  await until(() => edge.certificates.fresh, 'changes are followed');
}

export async function openCertsSide(world: World): Promise<CertsSide> {
  const ring = await ringsOf(world, 'certs').openRing('leaf-keys');
  const space = world.store.space('certs');
  const bus = await world.connect('sessions');
  const { clock } = world;
  const owner: FeedOwner<typeof feed> = ownFeed({
    ...{ feed, feeds: bus.feeds, source: certificateFeed(space), clock },
  });
  const questions: Question[] = [];
  const put = async <T>(kind: StoredKind<T>, at: Key, record: T, ttlMs = HOUR) => {
    const value = kind.encode(record);
    await space.commit({ put: [{ key: at, value, format: kind.format, ttlMs }] });
  };
  const made = async (name: string, endsMs: number) => {
    const now = Math.floor(clock.now() / 1000) * 1000;
    const validity = { notBefore: now - HOUR, notAfter: now + endsMs };
    const chain = await selfSigned({
      ...{ key: await key, dnsNames: [name], usages: ['server'], ...validity },
    });
    const fingerprint = createHash('sha256').update(new X509Certificate(chain).raw).digest('hex');
    return { chain, fingerprint, ...validity };
  };
  return {
    ...{ ring, questions, put },
    async certify(name, endsMs = HOUR) {
      const { chain, fingerprint, ...validity } = await made(name, endsMs);
      await put(storedCertificates, storedCertificates.key(name) as Key, {
        ...{ chain, fingerprint, ...validity, issuer: 'internal' },
        key: sealPrivateKey(ring, await key, storedCertificates.aad(name)),
      });
      return fingerprint;
    },
    async remove(at) {
      await space.commit({ delete: [at] });
    },
    async change(change) {
      const [entry] = await space.get([storedChangeHead.key as Key]);
      const { version = 0, epoch = randomUUID() } = storedChangeHead.decode(entry) ?? {};
      const head = { epoch, version: version + 1 };
      await space.commit({
        put: [
          { key: storedChangeHead.key as Key, value: storedChangeHead.encode(head), format: 1 },
          {
            key: storedChanges.key(head.version) as Key,
            value: storedChanges.encode(change),
            format: 1,
          },
        ],
      });
      owner.announce(head, change);
    },
    async publishAlpn(name) {
      const { chain, fingerprint } = await made(name, HOUR);
      await put(storedAlpnChallenges, storedAlpnChallenges.key(name) as Key, {
        certificate: chain,
        key: sealPrivateKey(ring, await key, storedAlpnChallenges.aad(name)),
      });
      return fingerprint;
    },
    publishHttp: (name, token, answer) =>
      put(storedHttpChallenges, storedHttpChallenges.key(name, token) as Key, { answer }),
    refuse: (name, reason) =>
      put(storedRefusals, storedRefusals.key(name) as Key, {
        ...{ reason, detail: 'says the test', until: clock.now() + HOUR },
      }),
    answer: (how) =>
      bus.rpc.respond(certsObtain, {}, async (question) => {
        questions.push(question);
        return how(question);
      }),
    [Symbol.asyncDispose]: () => owner[Symbol.asyncDispose](),
  };
}

interface StoreTrips {
  store: number;
  storeAway: boolean;
  /** What is read while this is set arrives when it resolves, and is old by then. */
  hold: Promise<void> | undefined;
}

export interface EdgeCertificates extends AsyncDisposable {
  readonly certificates: Certificates;
  readonly trips: StoreTrips;
  readonly lines: string[];
  /** The id of what is found, or why nothing is. */
  find(name: string | undefined, signal?: AbortSignal): Promise<string>;
}

export async function openEdgeCertificates(
  world: World,
  settings: Parameters<typeof createCertificates>[1] = {},
): Promise<EdgeCertificates> {
  const trips: StoreTrips = { store: 0, storeAway: false, hold: undefined };
  const space = world.store.space('certs');
  const bus = await world.connect('edge');
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line), flush: async () => {} };
  const certificates = createCertificates(
    {
      space: watched(space, trips),
      leafKeys: await ringsOf(world, 'edge').openRing('leaf-keys'),
      ...{ rpc: bus.rpc, feeds: bus.feeds, clock: world.clock, ids: randomIds(world.clock) },
      logger: createLogger({ sink, level: 'debug' }),
    },
    settings,
  );
  await certificates.start();
  return {
    ...{ certificates, trips, lines },
    async find(name, signal = new AbortController().signal) {
      const client = { address: '192.0.2.7', port: 40_000 };
      const found = await certificates.source.find(name, {} as ClientHello, signal, client);
      return 'refused' in found ? found.refused : found.id;
    },
    [Symbol.asyncDispose]: () => certificates[Symbol.asyncDispose](),
  };
}

/** Following the feed isn't counted. */
function watched(space: Space, trips: StoreTrips) {
  const get: CertificatePorts['space']['get'] = async (keys, signal) => {
    if (!keys.some(([partition]) => partition === '~changes')) trips.store += 1;
    if (trips.storeAway) throw new StoreUnavailableError('the store is away, says the test');
    const { hold } = trips;
    const entries = await space.get(keys, signal);
    await hold;
    return entries;
  };
  return { get };
}
