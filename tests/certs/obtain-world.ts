import type { Bus } from '@sallyport/bus';
import { openLocalBus } from '@sallyport/bus/local';
import {
  createChangeLog,
  createObtaining,
  createPermission,
  type IssueResult,
  type Issuer,
  type Obtaining,
  type ObtainOptions,
  type ObtainPorts,
  storeChallenges,
} from '@sallyport/certs';
import { createCertificateAuthority, generatePrivateKey, type PrivateKey } from '@sallyport/pki';
import { type Clock, randomIds, systemClock } from '@sallyport/runtime';
import type { Space, Store } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { startRedis } from '../world/redis.ts';
import { openTestRings, openTestStore } from './world.ts';

/** Two instances' views of one store, of either kind. */
export interface TwoStores extends AsyncDisposable {
  readonly stores: readonly [Store, Store];
}

export async function twoViewsOfSqlite(): Promise<TwoStores> {
  const store = await openTestStore();
  return {
    stores: [store, store],
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

export async function twoViewsOfRedis(): Promise<TwoStores> {
  await using stack = new AsyncDisposableStack();
  const { host, port } = stack.use(await startRedis());
  const open = async () =>
    stack.use(await openRedisStore({ mode: 'single', host, port, prefix: 'trial' }));
  const stores = [await open(), await open()] as const;
  const owned = stack.move();
  return { stores, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What instances share beside the store. */
export async function openObtainWorld(views: () => Promise<TwoStores>) {
  await using stack = new AsyncDisposableStack();
  const { stores } = stack.use(await views());
  const { leafKeys, accounts } = await openTestRings();
  const ids = randomIds(systemClock);
  const bus: Bus = stack.use(
    await openLocalBus({
      ...{ path: ':memory:', source: '/certs/trial', instance: 'trial' },
      ...{ clock: systemClock, ids },
    }),
  );
  const faults: unknown[] = [];
  const owned = stack.move();
  const spaces = stores.map((store) => store.space('certs')) as [Space, Space];
  return {
    ...{ stores, leafKeys, accounts, faults, space: spaces[0] },
    /** One certs process: 0 or 1 says over which view of the store. */
    instance(
      which: 0 | 1,
      options: Partial<ObtainOptions> & Pick<ObtainOptions, 'issuers'>,
      ports: Partial<ObtainPorts> = {},
    ): Obtaining {
      const space = spaces[which];
      const onFault = ({ error }: { error: unknown }) => faults.push(error);
      const log = createChangeLog({ space, ids, announce: () => {} });
      const challenges = storeChallenges({ space, log, leafKeys, onFault });
      return owned.use(
        createObtaining(
          {
            ...{ space, log, leafKeys, outgoing: bus.outgoing, clock: systemClock, ids, onFault },
            permission: createPermission({ patterns: ['*.test', '*.shop.example'] }),
            ...ports,
          },
          {
            ...{ challenges, issuerTimeoutMs: 60_000, leaseMs: 15_000, perHour: 50 },
            ...{ renewAfter: 0.667, parallel: 32, most: 1000, ...options },
          },
        ),
      );
    },
    /** Data of the events that wait in the outbox, oldest first for each name. */
    async events(): Promise<{ type: string; data: Record<string, unknown> }[]> {
      const found: { type: string; data: Record<string, unknown> }[] = [];
      for (;;) {
        const claim = await spaces[0].outbox.claim({ limit: 100, claimMs: 10_000 });
        if (claim === undefined) return found;
        for (const { body } of claim.messages) {
          found.push(...JSON.parse(Buffer.from(body).toString()));
        }
        await claim.end(claim.messages.length);
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** An issuer that does as told, and counts. Told nothing it issues under an authority of its own. */
export interface ScriptedIssuer extends Issuer {
  readonly asked: string[];
  next: ((signal: AbortSignal) => Promise<IssueResult | undefined>) | undefined;
}

export async function scriptedIssuer(
  name = 'scripted',
  options: { readonly clock?: Clock; readonly key?: PrivateKey } = {},
): Promise<ScriptedIssuer> {
  const now = Math.floor((options.clock ?? systemClock).now() / 1000) * 1000;
  const validity = { notBefore: now - 3_600_000, notAfter: now + 3_600_000 };
  const authority = await createCertificateAuthority({
    ...{ key: await generatePrivateKey('ec-p256'), commonName: name, ...validity },
  });
  const asked: string[] = [];
  const issuer: ScriptedIssuer = {
    ...{ name, asked, next: undefined },
    async issue({ names, key }, signal) {
      asked.push(...names);
      const told = await issuer.next?.(signal);
      if (told !== undefined) return told;
      const { publicKey } = options.key ?? key;
      const request = { publicKey, dnsNames: names, usages: ['server'] as const, ...validity };
      return { issued: true, chain: await authority.issue(request) };
    },
  };
  return issuer;
}

/** Everything of a problem but its reason. */
export const problem = (
  reason: Extract<IssueResult, { issued: false }>['problem']['reason'],
  elsewhere: boolean,
  more: object = {},
): IssueResult => ({
  issued: false,
  problem: { reason, detail: 'as scripted', elsewhere, ...more },
});
