import type { Outgoing } from '@sallyport/bus';
import { certificateFailed, certificateIssued } from '@sallyport/contracts';
import {
  type CertificateChange,
  generatePrivateKey,
  type KeyRing,
  type PrivateKey,
  type StoredCertificate,
  sealPrivateKey,
  storedCertificates,
  storedRefusals,
} from '@sallyport/pki';
import type { Clock, Ids } from '@sallyport/runtime';
import {
  type Changes,
  type Committed,
  type Conflict,
  type IndexChange,
  type Lease,
  type Space,
  StoreUnavailableError,
} from '@sallyport/store';
import type { ChangeLog } from '../changes/change-log.ts';
import { begun, settled } from '../changes/names.ts';
import { LeaseLostError } from '../errors.ts';
import { countIssuance } from '../metrics.ts';
import { dueAt } from '../renewal/due.ts';
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
  /** Of the same space. */
  readonly log: ChangeLog;
  readonly leafKeys: KeyRing;
  readonly outgoing: Pick<Outgoing, 'event'>;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Told what failed that nobody may be waiting for any more: not the CA's doing, but the store's or ours. */
  readonly onFault: (fault: { readonly name: string; readonly error: unknown }) => void;
}

export interface IssuanceOptions extends AttemptOptions {
  readonly leaseMs: number;
  /** How many issuances are begun in an hour for all names under one registered name. */
  readonly perHour: number;
  /** The share of a certificate's life after which it is renewed. */
  readonly renewAfter: number;
}

/** What is to be issued: for which name, in whose place. */
export interface Task {
  readonly name: string;
  /** The certificate that is renewed; it stays if that fails. */
  readonly previous: StoredCertificate | undefined;
}

const HOUR_MS = 3_600_000;
/** Failures are forgotten so long after the last. */
const FAILURES_MS = 48 * HOUR_MS;
/** A certificate costs too much to be thrown away for a store that blinks. */
const COMMIT_AGAIN_MS = [100, 500, 1000, 2000, 5000];

/**
 * Issues and stores under `lease`; what it leaves is one commit, fenced by the lease: certificate or refusal, and the event
 * that tells it. Then the edges are told and the name is listed; what a crash in between leaves undone, `repair` does.
 * Rejects with `LeaseLostError` when another process took over; the store's errors; the signal's reason.
 */
export async function issueUnder(
  lease: Lease,
  { name, previous }: Task,
  ports: IssuancePorts,
  options: IssuanceOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const { space, log, clock, onFault } = ports;
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
  await log.append(undefined, begun(name, clock.now()));
  const tell = async (change: CertificateChange, listing: readonly IndexChange[]) => {
    await log.append(change, listing).catch((error: unknown) => onFault({ name, error }));
  };
  const renewal = previous !== undefined;
  const key = await generatePrivateKey('ec-p256', until);
  const attempted = await attempt(name, key, options, until);
  const durationMs = clock.monotonic() - began;
  if (attempted.issued) {
    const { issuer, chain } = attempted;
    const record = recordOf(name, key, { issuer, chain }, ports);
    const facts = { serial: chain.serial, durationMs, renewal };
    await write(lease, ports, issued(name, record, facts, ports), until);
    countIssuance({ issuer, renewal }, durationMs);
    const due = dueAt(record, options.renewAfter);
    await tell({ kind: 'certificate', name }, settled(name, record, { due, now: clock.now() }));
    return { outcome: 'ready', fingerprint: chain.fingerprint };
  }
  const { problem, issuer = 'none' } = attempted;
  const [entry] = await space.get([failuresKey(name)], until);
  const count = (failures.read(entry)?.count ?? 0) + 1;
  const waitMs = backOffMs(problem, count);
  const again = clock.now() + waitMs;
  await write(
    lease,
    ports,
    failed(name, attempted, { count, waitMs, again, renewal }, ports),
    until,
  );
  countIssuance({ issuer, renewal, reason: problem.reason }, durationMs);
  await tell({ kind: 'refusal', name }, settled(name, previous, { due: again, now: clock.now() }));
  return refused(problem.reason, again);
}

function recordOf(
  name: string,
  key: PrivateKey,
  { issuer, chain }: { readonly issuer: string; readonly chain: Chain },
  { leafKeys }: IssuancePorts,
): StoredCertificate {
  const { pem, fingerprint, notBefore, notAfter } = chain;
  return {
    ...{ chain: pem, fingerprint, notBefore, notAfter, issuer },
    key: sealPrivateKey(leafKeys, key, storedCertificates.aad(name)),
  };
}

function issued(
  name: string,
  record: StoredCertificate,
  facts: { readonly serial: string; readonly durationMs: number; readonly renewal: boolean },
  { outgoing, clock }: IssuancePorts,
): Changes {
  const { issuer, fingerprint, notBefore, notAfter } = record;
  const event = outgoing.event(
    certificateIssued,
    {
      ...{ names: [name], issuer, fingerprint, ...facts },
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

interface Failing {
  readonly count: number;
  readonly waitMs: number;
  readonly again: number;
  readonly renewal: boolean;
}

function failed(
  name: string,
  { issuer, problem }: Extract<Attempted, { issued: false }>,
  { count, waitMs, again, renewal }: Failing,
  { outgoing }: IssuancePorts,
): Changes {
  const { reason, type, detail } = problem;
  const event = outgoing.event(
    certificateFailed,
    {
      ...{ names: [name], reason, detail: detail.slice(0, 4096), renewal },
      ...(issuer === undefined ? {} : { issuer }),
      ...(type === undefined ? {} : { problem: type.slice(0, 256) }),
      retryAfter: new Date(again).toISOString(),
    },
    { about: name },
  );
  const refusal = { reason, detail, until: again };
  return {
    put: [
      putStored(storedRefusals, storedRefusals.key(name), refusal, waitMs),
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
