import type { Outgoing } from '@sallyport/bus';
import { certificateFailed, certificateIssued } from '@sallyport/contracts';
import {
  generatePrivateKey,
  type KeyRing,
  type PrivateKey,
  sealPrivateKey,
  storedCertificates,
  storedRefusals,
} from '@sallyport/pki';
import type { Clock, Ids } from '@sallyport/runtime';
import {
  type Changes,
  type Committed,
  type Conflict,
  type Lease,
  type Space,
  StoreUnavailableError,
} from '@sallyport/store';
import { LeaseLostError } from '../errors.ts';
import { putStored } from '../stored.ts';
import { type Attempted, type AttemptOptions, attempt, type Chain } from './attempt.ts';
import { backOffMs } from './back-off.ts';
import { holdLease } from './held-lease.ts';
import { type Outcome, refused } from './outcome.ts';
import { budgetKey, failures, failuresKey } from './records.ts';
import { registeredName } from './registered-name.ts';

export interface IssuancePorts {
  /** The space `certs`. */
  readonly space: Space;
  readonly leafKeys: KeyRing;
  readonly outgoing: Pick<Outgoing, 'event'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface IssuanceOptions extends AttemptOptions {
  readonly leaseMs: number;
  /** How many issuances are begun in an hour for all names under one registered name. */
  readonly perHour: number;
}

const HOUR_MS = 3_600_000;
/** Failures are forgotten so long after the last. */
const FAILURES_MS = 48 * HOUR_MS;
/** A certificate costs too much to be thrown away for a store that blinks. */
const COMMIT_AGAIN_MS = [100, 500, 1000, 2000, 5000];

/**
 * Issues and stores under `lease`; what it leaves is one commit, fenced by the lease: certificate or refusal, and the event
 * that tells it. Rejects with `LeaseLostError` when another process took over; the store's errors; the signal's reason.
 */
export async function issueUnder(
  lease: Lease,
  name: string,
  ports: IssuancePorts,
  options: IssuanceOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const { space, clock } = ports;
  await using held = holdLease(lease, options.leaseMs, clock);
  const until = AbortSignal.any([signal, held.lost]);
  const began = clock.monotonic();
  const [budget] = await space.hit(
    [
      {
        key: budgetKey(registeredName(name)),
        ...{ periodMs: HOUR_MS, limit: options.perHour, count: 'allowed' },
      },
    ],
    until,
  );
  if (budget?.allowed !== true) {
    const wait = Math.min(budget?.retryAfterMs ?? HOUR_MS, HOUR_MS);
    return refused('budget', clock.now() + wait);
  }
  const key = await generatePrivateKey('ec-p256', until);
  const attempted = await attempt(name, key, options, until);
  if (attempted.issued) {
    const { issuer, chain } = attempted;
    const durationMs = clock.monotonic() - began;
    await write(lease, ports, issued(name, key, { issuer, chain, durationMs }, ports), until);
    return { outcome: 'ready', fingerprint: chain.fingerprint };
  }
  const { problem } = attempted;
  const [entry] = await space.get([failuresKey(name)], until);
  const count = (failures.read(entry)?.count ?? 0) + 1;
  const waitMs = backOffMs(problem, count);
  await write(lease, ports, failed(name, attempted, { count, waitMs }, ports), until);
  return refused(problem.reason, clock.now() + waitMs);
}

function issued(
  name: string,
  key: PrivateKey,
  { issuer, chain, durationMs }: { issuer: string; chain: Chain; durationMs: number },
  { leafKeys, outgoing, clock }: IssuancePorts,
): Changes {
  const { pem, fingerprint, serial, notBefore, notAfter } = chain;
  const record = {
    ...{ chain: pem, fingerprint, notBefore, notAfter, issuer },
    key: sealPrivateKey(leafKeys, key, storedCertificates.aad(name)),
  };
  const event = outgoing.event(
    certificateIssued,
    {
      ...{ names: [name], issuer, fingerprint, serial, renewal: false, durationMs },
      notBefore: new Date(notBefore).toISOString(),
      notAfter: new Date(notAfter).toISOString(),
    },
    { about: name },
  );
  const ttlMs = Math.max(1, notAfter - clock.now());
  return {
    put: [putStored(storedCertificates, storedCertificates.key(name), record, ttlMs)],
    delete: [storedRefusals.key(name), failuresKey(name)],
    outbox: [event],
  };
}

function failed(
  name: string,
  { issuer, problem }: Extract<Attempted, { issued: false }>,
  { count, waitMs }: { count: number; waitMs: number },
  { outgoing, clock }: IssuancePorts,
): Changes {
  const { reason, type, detail } = problem;
  const until = clock.now() + waitMs;
  const event = outgoing.event(
    certificateFailed,
    {
      ...{ names: [name], reason, detail: detail.slice(0, 4096), renewal: false },
      ...(issuer === undefined ? {} : { issuer }),
      ...(type === undefined ? {} : { problem: type.slice(0, 256) }),
      retryAfter: new Date(until).toISOString(),
    },
    { about: name },
  );
  return {
    put: [
      putStored(storedRefusals, storedRefusals.key(name), { reason, detail, until }, waitMs),
      failures.put(failuresKey(name), { count }, { ttlMs: FAILURES_MS }),
    ],
    outbox: [event],
  };
}

/** Commits if the lease is still held; under one id, so that a try whose answer was lost isn't done twice. */
async function write(
  lease: Lease,
  { space, clock, ids }: IssuancePorts,
  changes: Changes,
  signal: AbortSignal,
): Promise<void> {
  const fenced = { ...changes, id: ids.next(), check: [lease.check] };
  let result: Committed | Conflict | undefined;
  for (let tries = 0; result === undefined; tries += 1) {
    try {
      result = await space.commit(fenced, signal);
    } catch (error) {
      const pause = COMMIT_AGAIN_MS[tries];
      if (!(error instanceof StoreUnavailableError) || pause === undefined) throw error;
      await clock.sleep(pause, signal);
    }
  }
  if (!result.ok) throw new LeaseLostError(`lease of ${lease.key[0]} ended before the commit`);
}
