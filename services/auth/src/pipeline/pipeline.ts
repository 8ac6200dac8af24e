import { type Accept, accept, type Judgement, type Reject, reject, tempfail } from '../decision.ts';
import type { Login } from '../login.ts';
import type { Backend } from './backends/backend.ts';
import type { BruteForce } from './brute-force/brute-force.ts';
import type { Feature } from './features/feature.ts';
import type { Filter } from './filters/filter.ts';
import type { FailPolicy } from './stage.ts';
import { type RunnerOptions, type StageKind, StageRunner, type StageTrace } from './stage.ts';

/** The stages in the order in which a login passes them. */
export interface Stages {
  readonly bruteForce: BruteForce;
  readonly features: readonly Feature[];
  readonly backends: readonly Backend[];
  readonly filters: readonly Filter[];
}

export interface Passage {
  readonly judgement: Judgement;
  readonly stages: readonly StageTrace[];
  /** Somebody guessed wrong: to be counted once the decision is kept. */
  readonly guess: boolean;
}

/** What was found, or undefined: nothing that would end the login here. */
type Step = Judgement | undefined;

const BUSY_RETRY_MS = 1000;

/**
 * Leads a login through brute force, features, backends and filters. Rejects only when `signal` aborts: what goes wrong in a
 * stage is for its fail policy.
 */
export async function pass(
  { bruteForce, features, backends, filters }: Stages,
  login: Login,
  options: RunnerOptions,
  signal: AbortSignal,
): Promise<Passage> {
  const runner = new StageRunner(options, signal);
  const end = (judgement: Judgement, guess = false): Passage => ({
    ...{ judgement, guess, stages: runner.trace },
  });
  const stopped =
    (await askBruteForce(runner, bruteForce, login)) ??
    (await askFeatures(runner, features, login)) ??
    incomplete(login);
  if (stopped !== undefined) return end(stopped);
  const asked = await askBackends(runner, backends, login);
  if ('end' in asked) return end(asked.end);
  return end(await askFilters(runner, filters, login, asked.found), asked.guess);
}

async function askBruteForce(runner: StageRunner, stage: BruteForce, login: Login): Promise<Step> {
  const ran = await runner.run('brute-force', stage, (signal) => stage.check(login, signal));
  if (!ran.ok) return failed('brute-force', ran.policy);
  const { value } = ran;
  return value.outcome === 'reject'
    ? reject('brute-force', { retryAfterMs: value.retryAfterMs })
    : undefined;
}

async function askFeatures(
  runner: StageRunner,
  features: readonly Feature[],
  login: Login,
): Promise<Step> {
  for (const feature of features) {
    const ran = await runner.run('feature', feature, (signal) => feature.look(login, signal));
    if (!ran.ok) {
      const end = failed('feature', ran.policy);
      if (end !== undefined) return end;
    } else if (ran.value.outcome === 'trigger') {
      const { verdict, reason } = ran.value;
      return verdict === 'reject' ? reject(reason) : tempfail(reason);
    }
  }
  return undefined;
}

/** No backend is asked about nobody, or with nothing. */
function incomplete({ facts, password }: Login): Step {
  if (facts.login === '') return reject('no-login');
  return password === undefined || password.length === 0 ? reject('no-password') : undefined;
}

/** What the backends found, for the filters to judge; or why they found nothing, which is for nobody to change. */
type Asked =
  | { readonly found: Accept | Reject; readonly guess: boolean }
  | { readonly end: Judgement };

async function askBackends(
  runner: StageRunner,
  backends: readonly Backend[],
  login: Login,
): Promise<Asked> {
  let skipped = false;
  for (const backend of backends) {
    const ran = await runner.run('backend', backend, (s) => backend.authenticate(login, s));
    if (!ran.ok) {
      const end = failed('backend', ran.policy);
      if (end !== undefined) return { end };
      skipped = true;
      continue;
    }
    switch (ran.value.outcome) {
      case 'match':
        return { found: accept(backend.name, ran.value), guess: false };
      case 'wrong':
        return { found: reject('password', { account: ran.value.account }), guess: true };
      case 'busy':
        return { end: tempfail('busy', BUSY_RETRY_MS) };
      case 'absent':
    }
  }
  // One that couldn't be asked may know them.
  if (skipped) return { end: tempfail('backend-failed') };
  const [first] = backends;
  if (first === undefined) return { end: tempfail('no-backend') };
  return await unknownUser(runner, first, login);
}

async function unknownUser(runner: StageRunner, first: Backend, login: Login): Promise<Asked> {
  if (first.pretend !== undefined) {
    const pretend = first.pretend.bind(first);
    const ran = await runner.run('backend', first, (signal) => pretend(login, signal));
    // Whatever a known user would get now, an unknown one gets too.
    if (!ran.ok) return { end: failed('backend', ran.policy) ?? tempfail('backend-failed') };
    if (ran.value.outcome === 'busy') return { end: tempfail('busy', BUSY_RETRY_MS) };
  }
  return { found: reject('unknown-user'), guess: true };
}

async function askFilters(
  runner: StageRunner,
  filters: readonly Filter[],
  login: Login,
  found: Accept | Reject,
): Promise<Judgement> {
  for (const filter of filters) {
    const ran = await runner.run('filter', filter, (signal) => filter.judge(login, found, signal));
    let end: Step;
    if (!ran.ok) end = failed('filter', ran.policy);
    else if (ran.value.outcome === 'reject') end = reject('filter', { account: found.account });
    if (end !== undefined) return found.verdict === 'accept' ? end : found;
  }
  return found;
}

/** What a stage's failure means; undefined: the login goes on. */
function failed(kind: StageKind, policy: FailPolicy): Step {
  if (policy === 'open') return undefined;
  return policy === 'closed' ? reject(`${kind}-failed`) : tempfail(`${kind}-failed`);
}
