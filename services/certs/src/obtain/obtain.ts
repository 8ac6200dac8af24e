import { type StoredCertificate, storedCertificates, storedRefusals } from '@sallyport/pki';
import { orAborted, StoppedError } from '@sallyport/runtime';
import { CertsArgumentError, LeaseLostError } from '../errors.ts';
import { type IssuanceOptions, type IssuancePorts, issueUnder } from './issuance.ts';
import { checkName } from './name.ts';
import { type Outcome, refused } from './outcome.ts';
import type { Hello, Permission } from './permission.ts';
import { leaseKey } from './records.ts';

export interface ObtainPorts extends IssuancePorts {
  readonly permission: Permission;
}

export interface ObtainOptions extends IssuanceOptions {
  /** How many certificates this process obtains at a time; the others wait for their turn. */
  readonly parallel: number;
  /** How many names may be at work or wait here; who asks for another is refused as `busy`. */
  readonly most: number;
}

export interface Obtaining extends AsyncDisposable {
  /**
   * A certificate for the name that a client asked for, in the store when the answer is `ready`.
   *
   * The first of the cluster to ask obtains it; all others wait for that one. Who has waited `waitMs` is told `pending`
   * while it goes on. `refused`: `bad-name`, `not-allowed`, `failed-before` (negative cache), `budget`, `busy`, or the
   * reason of the {@link IssueProblem} at first hand. Rejects with the store's errors, what `permission` throws, and the
   * signal's reason; none of these stops an issuance that others may wait for.
   */
  obtain(
    asked: string,
    hello: Hello,
    options: { readonly waitMs?: number; readonly signal: AbortSignal },
  ): Promise<Outcome>;
  /** Resolves when nothing is being obtained here, or when the signal aborts. */
  drain(signal: AbortSignal): Promise<void>;
}

/** Clients wait 10 s or more for a handshake (Go's default); the answer has a second to travel. */
const WAIT_MS = 9000;
/** How often a process looks whether another one is done, and whether it still lives. */
const LOOK_MS = [20, 30, 50, 100, 200, 250];
/** A certificate that ends sooner isn't worth a handshake. */
const WORTH_MS = 60_000;
const BUSY_MS = 1000;

/** Obtains certificates on demand. Disposal stops what is being obtained; another process goes on with it when asked. */
export function createObtaining(ports: ObtainPorts, options: ObtainOptions): Obtaining {
  const { space, clock, permission, onFault } = ports;
  const { issuers, leaseMs, parallel, most } = options;
  if (issuers.length === 0) throw new CertsArgumentError('there must be an issuer');
  const stopping = new AbortController();
  const flights = new Map<string, Promise<Outcome>>();
  let obtaining = 0;

  /** The answer that is there already, or what will have to be replaced. */
  async function look(
    name: string,
    signal: AbortSignal,
  ): Promise<Outcome | { previous: StoredCertificate | undefined }> {
    const keys = [storedCertificates.key(name), storedRefusals.key(name)];
    const [first, second] = await space.get(keys, signal);
    const previous = storedCertificates.decode(first);
    if (previous !== undefined && previous.notAfter > clock.now() + WORTH_MS) {
      return { outcome: 'ready', fingerprint: previous.fingerprint };
    }
    const refusal = storedRefusals.decode(second);
    return refusal === undefined ? { previous } : refused('failed-before', refusal.until);
  }

  /** One try to be the one who obtains it: undefined when somebody else is, or there is no room. */
  async function tryToObtain(name: string, signal: AbortSignal): Promise<Outcome | undefined> {
    if (obtaining >= parallel) return undefined;
    obtaining += 1;
    try {
      await using lease = await space.lease(leaseKey(name), leaseMs, signal);
      if (lease === undefined) return undefined;
      // The one before may have finished between the look and the lease.
      const seen = await look(name, signal);
      if ('outcome' in seen) return seen;
      return await issueUnder(lease, { name, ...seen }, ports, options, signal);
    } catch (error) {
      if (error instanceof LeaseLostError) return undefined;
      throw error;
    } finally {
      obtaining -= 1;
    }
  }

  /** Until there is a certificate or a refusal, made here or elsewhere. */
  async function fly(name: string, signal: AbortSignal): Promise<Outcome> {
    for (let turn = 0; ; turn += 1) {
      const seen = await look(name, signal);
      if ('outcome' in seen) return seen;
      const obtained = await tryToObtain(name, signal);
      if (obtained !== undefined) return obtained;
      await clock.sleep(LOOK_MS[Math.min(turn, LOOK_MS.length - 1)] as number, signal);
    }
  }

  function flight(name: string): Promise<Outcome> {
    const running = flights.get(name);
    if (running !== undefined) return running;
    if (flights.size >= most) return Promise.resolve(refused('busy', clock.now() + BUSY_MS));
    const started = fly(name, stopping.signal).finally(() => flights.delete(name));
    started.catch((error: unknown) => {
      if (!stopping.signal.aborted) onFault({ name, error });
    });
    flights.set(name, started);
    return started;
  }

  return {
    async obtain(asked, hello, { waitMs = WAIT_MS, signal }) {
      signal.throwIfAborted();
      stopping.signal.throwIfAborted();
      const checked = checkName(asked);
      if ('flaw' in checked) return refused('bad-name');
      const { name } = checked;
      if (!(await permission.allows(name, hello, signal))) return refused('not-allowed');
      return await within(waitMs, flight(name), signal);
    },
    async drain(signal) {
      const settled = Promise.allSettled(flights.values());
      await orAborted(settled, signal).catch(() => {}); // no more time: the caller goes on
    },
    async [Symbol.asyncDispose]() {
      stopping.abort(new StoppedError('certificates are no longer obtained here'));
      await Promise.allSettled(flights.values());
    },
  };

  async function within(
    waitMs: number,
    flying: Promise<Outcome>,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const done = new AbortController();
    const late = clock
      .sleep(waitMs, done.signal)
      .then((): Outcome => ({ outcome: 'pending' }))
      .catch(() => flying); // the flight was faster
    try {
      return await orAborted(Promise.race([flying, late]), signal);
    } finally {
      done.abort();
    }
  }
}
