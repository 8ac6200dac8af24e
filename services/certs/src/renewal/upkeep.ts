import { storedCertificates, storedRefusals } from '@sallyport/pki';
import { StoppedError } from '@sallyport/runtime';
import type { Key, Lease } from '@sallyport/store';
import { DUE, settled, UNSETTLED } from '../changes/names.ts';
import { LeaseLostError } from '../errors.ts';
import { type IssuanceOptions, type IssuancePorts, issueUnder } from '../obtain/issuance.ts';
import type { Permission } from '../obtain/permission.ts';
import { leaseKey } from '../obtain/records.ts';
import { dueAt } from './due.ts';

export interface UpkeepPorts extends IssuancePorts {
  /** Asked before a renewal too: a name that was taken away runs out. */
  readonly permission: Permission;
}

export interface UpkeepOptions extends IssuanceOptions {
  /** How often to look what is due. */
  readonly everyMs: number;
  /** How many names one look takes, at most. */
  readonly batch: number;
  /** How many of them at a time. */
  readonly parallel: number;
}

/**
 * Renews what is due and puts right what a process that died left half told. Any number of processes may do it side by side:
 * each name is worked on under its lease, as when it is obtained.
 */
export interface Upkeep extends AsyncDisposable {
  /** Looks no more; resolves when the look that is going on is over, or the signal aborts. */
  drain(signal: AbortSignal): Promise<void>;
}

/** A name that may not be renewed is looked at again after this, or a quarter of what is left of its certificate. */
const FORBIDDEN_MS = 3_600_000;
/** A name that nothing can be found out about must not stand in the way of others. */
const BROKEN_MS = 600_000;
/** Permission may have to wait for the first snapshot of routes. */
const PERMISSION_MS = 5000;

/** Looks at once and then regularly. Disposal stops renewals; their leases end, and another process goes on. */
export function startUpkeep(ports: UpkeepPorts, options: UpkeepOptions): Upkeep {
  const { space, log, clock, permission, onFault } = ports;
  const { leaseMs, everyMs, batch, parallel } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<void> | undefined;

  /** `work` under the lease of `name`, unless somebody else has it: then it is being seen to. */
  async function alone(name: string, from: Key, work: Work): Promise<void> {
    try {
      await using lease = await space.lease(leaseKey(name), leaseMs, signal);
      if (lease !== undefined) await work(name, lease);
    } catch (error) {
      if (signal.aborted || error instanceof LeaseLostError) return;
      onFault({ name, error });
      const later = { index: from, add: name, score: clock.now() + BROKEN_MS };
      await log
        .append(undefined, [later])
        .catch((again: unknown) => onFault({ name, error: again }));
    }
  }

  const read = async (name: string) => {
    const keys = [storedCertificates.key(name), storedRefusals.key(name)];
    const [first, second] = await space.get(keys, signal);
    return {
      certificate: storedCertificates.decode(first),
      refusal: storedRefusals.decode(second),
    };
  };

  /** An issuance began and nobody said how it ended: whatever is there now is told. */
  const repair: Work = async (name) => {
    const { certificate } = await read(name);
    const due = certificate === undefined ? 0 : dueAt(certificate, options.renewAfter);
    const change = { kind: 'certificate', name };
    await log.append(
      certificate === undefined ? { ...change, removed: true } : change,
      settled(name, certificate, { due, now: clock.now() }),
    );
  };

  const renew: Work = async (name, lease) => {
    const { certificate, refusal } = await read(name);
    const now = clock.now();
    const later = (due: number) =>
      log.append(undefined, settled(name, certificate, { due, now: clock.now() }));
    if (certificate === undefined || certificate.notAfter <= now) return await later(now);
    const due = dueAt(certificate, options.renewAfter);
    if (due > now) return await later(due);
    if (refusal !== undefined && refusal.until > now) return await later(refusal.until);
    const soon = AbortSignal.any([signal, AbortSignal.timeout(PERMISSION_MS)]);
    if (!(await permission.allows(name, {}, soon))) {
      return await later(now + Math.min(FORBIDDEN_MS, (certificate.notAfter - now) / 4));
    }
    const outcome = await issueUnder(
      lease,
      { name, previous: certificate },
      ports,
      options,
      signal,
    );
    if (outcome.outcome === 'refused' && outcome.reason === 'budget') {
      await later(Date.parse(outcome.retryAfter ?? '') || now + FORBIDDEN_MS);
    }
  };

  async function each(index: Key, until: number, work: Work): Promise<void> {
    const found = await space.range(index, { max: until, limit: batch }, signal);
    const names = found.map(({ member }) => member).values();
    const worker = async () => {
      for (const name of names) {
        if (signal.aborted) return;
        await alone(name, index, work);
      }
    };
    await Promise.all(Array.from({ length: Math.min(parallel, found.length) }, worker));
  }

  /** One look and everything it finds, `batch` names at most of each. */
  async function round(): Promise<void> {
    try {
      // An issuance holds its lease, so what began a lease ago and isn't held was left.
      await each(UNSETTLED, clock.now() - leaseMs, repair);
      await each(DUE, clock.now(), renew);
    } catch (error) {
      if (!signal.aborted) onFault({ name: '', error });
    }
  }

  const tick = () => {
    running ??= round().finally(() => {
      running = undefined;
    });
  };
  const timer = clock.every(everyMs, tick);
  tick();

  return {
    async drain(until) {
      timer[Symbol.dispose]();
      const aborted = Promise.withResolvers<void>();
      if (until.aborted) aborted.resolve();
      until.addEventListener('abort', () => aborted.resolve(), { once: true });
      await Promise.race([running, aborted.promise]);
    },
    async [Symbol.asyncDispose]() {
      timer[Symbol.dispose]();
      stopping.abort(new StoppedError('certificates are no longer renewed here'));
      await running;
    },
  };
}

type Work = (name: string, lease: Lease) => Promise<void>;
