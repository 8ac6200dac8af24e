import { type Clock, systemClock } from './clock.ts';

/** `true`, or why not: a few words for an operator, or `false` where the name of the check says it all. */
export type Verdict = boolean | string;

export interface CheckReport {
  readonly name: string;
  readonly ok: boolean;
  readonly reason?: string;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly checks: readonly CheckReport[];
}

/** Where a process is in its life. It never goes back. */
export type Phase = 'starting' | 'up' | 'draining';

/** What a process knows about its own health. Read by the private listener, written by whoever owns a part. */
export interface Health extends Disposable {
  readonly phase: Phase;
  /** Moves on to `phase`; a step backwards is ignored. Only while `up` can the process be ready. */
  enter(phase: Phase): void;
  /**
   * Adds a check without which the process shouldn't get work (bus, store …). Asked at every probe, so it looks
   * at a state that is already known rather than going out to find it. A rejection, or no answer within a
   * second, counts as "no". Disposing takes it away.
   */
  addReadiness(name: string, check: () => Verdict | Promise<Verdict>): Disposable;
  /** Adds a check whose "no" means: restart me. For states that don't mend themselves. */
  addLiveness(name: string, check: () => Verdict | Promise<Verdict>): Disposable;
  ready(): Promise<HealthReport>;
  live(): Promise<HealthReport>;
}

export interface HealthOptions {
  readonly clock?: Clock;
  /** The event loop may be late by so much, milliseconds, before the process calls itself dead. */
  readonly maxLagMs?: number;
}

type Check = { readonly name: string; readonly ask: () => Verdict | Promise<Verdict> };

const ORDER: readonly Phase[] = ['starting', 'up', 'draining'];
const ANSWER_MS = 1000;
const LAG_EVERY_MS = 500;
/** The worst of so many measurements counts: a stall is still seen by a probe that comes seconds later. */
const LAG_KEPT = 20;

export function createHealth({ clock = systemClock, maxLagMs = 5000 }: HealthOptions = {}): Health {
  const readiness = new Set<Check>();
  const liveness = new Set<Check>();
  const lag = watchLag(clock);
  let phase: Phase = 'starting';

  const add = (checks: Set<Check>, check: Check): Disposable => {
    checks.add(check);
    return { [Symbol.dispose]: () => checks.delete(check) };
  };
  add(liveness, {
    name: 'event-loop',
    ask: () => {
      const ms = lag.worst();
      return ms <= maxLagMs || `was late by ${Math.round(ms)} ms, more than ${maxLagMs} ms`;
    },
  });
  add(readiness, { name: 'phase', ask: () => phase === 'up' || phase });

  return {
    get phase() {
      return phase;
    },
    enter(next) {
      if (ORDER.indexOf(next) > ORDER.indexOf(phase)) phase = next;
    },
    addReadiness: (name, ask) => add(readiness, { name, ask }),
    addLiveness: (name, ask) => add(liveness, { name, ask }),
    ready: () => report(readiness, clock),
    live: () => report(liveness, clock),
    [Symbol.dispose]: () => lag[Symbol.dispose](),
  };
}

async function report(checks: ReadonlySet<Check>, clock: Clock): Promise<HealthReport> {
  const answers = await Promise.all([...checks].map((check) => answer(check, clock)));
  return { ok: answers.every((a) => a.ok), checks: answers };
}

async function answer({ name, ask }: Check, clock: Clock): Promise<CheckReport> {
  const answered = new AbortController();
  const silence = clock.sleep(ANSWER_MS, answered.signal).then(
    () => `no answer within ${ANSWER_MS} ms`,
    () => 'asked no longer',
  );
  try {
    const verdict = await Promise.race([ask(), silence]);
    if (verdict === true) return { name, ok: true };
    return { name, ok: false, ...(verdict === false ? {} : { reason: verdict }) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name, ok: false, reason };
  } finally {
    answered.abort();
  }
}

/** How late timers are: a timer that should fire every half second, and when it really does. */
function watchLag(clock: Clock): { worst(): number } & Disposable {
  const seen: number[] = [];
  let due = clock.monotonic() + LAG_EVERY_MS;
  const timer = clock.every(LAG_EVERY_MS, () => {
    const now = clock.monotonic();
    seen.push(Math.max(0, now - due));
    if (seen.length > LAG_KEPT) seen.shift();
    due = now + LAG_EVERY_MS;
  });
  return {
    // The tick that is overdue right now counts too: after a stall the probe may run before the timer does.
    worst: () => Math.max(0, clock.monotonic() - due, ...seen),
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}
