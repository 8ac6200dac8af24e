import type {
  Backend,
  BackendAnswer,
  FailPolicy,
  Feature,
  FeatureAnswer,
  Filter,
  FilterAnswer,
} from '@sallyport/auth';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { type Decided, embeddedWorld, RIGHT, rule, startAuth } from './auth-world.ts';

/** What a scripted stage does when it is asked. */
type Act<Answer> = Answer | 'throw';
interface Scripted<Answer> {
  readonly act: Act<Answer>;
  readonly policy: FailPolicy;
}
interface Script {
  readonly features: readonly Scripted<FeatureAnswer>[];
  readonly backends: readonly Scripted<BackendAnswer>[];
  readonly filters: readonly Scripted<FilterAnswer>[];
}

/** Stages of a fixed number that do what the script of the moment says. */
function scriptedStages(slots: number) {
  let script: Script = { features: [], backends: [], filters: [] };
  const perform = async <T>(scripted: Scripted<T> | undefined, otherwise: T): Promise<T> => {
    if (scripted?.act === 'throw') throw new Error('broken, says the script');
    return (scripted?.act as T | undefined) ?? otherwise;
  };
  const each = <T>(make: (i: number) => T) => Array.from({ length: slots }, (_, i) => make(i));
  const features = each(
    (i): Feature => ({
      name: `feature-${i}`,
      get onFailure() {
        return script.features[i]?.policy ?? 'tempfail';
      },
      look: () => perform(script.features[i], { outcome: 'pass' }),
    }),
  );
  const backends = each(
    (i): Backend => ({
      name: `backend-${i}`,
      get onFailure() {
        return script.backends[i]?.policy ?? 'tempfail';
      },
      authenticate: () => perform(script.backends[i], { outcome: 'absent' }),
    }),
  );
  const filters = each(
    (i): Filter => ({
      name: `filter-${i}`,
      get onFailure() {
        return script.filters[i]?.policy ?? 'tempfail';
      },
      judge: () => perform(script.filters[i], { outcome: 'pass' }),
    }),
  );
  return {
    stages: { features, backends, filters },
    play(next: Script) {
      script = next;
    },
  };
}

const SLOTS = 3;

/** The rules of the pipeline once more, as a list of what is asked and one verdict. */
function model({ features, backends, filters }: Script): { asked: string[]; verdict: string } {
  const asked: string[] = [];
  const failing = (policy: FailPolicy) => (policy === 'closed' ? 'reject' : 'tempfail');
  for (let i = 0; i < SLOTS; i += 1) {
    asked.push(`feature-${i}`);
    const { act, policy } = features[i] ?? { act: { outcome: 'pass' }, policy: 'open' };
    if (act === 'throw' && policy !== 'open') return { asked, verdict: failing(policy) };
    if (act !== 'throw' && act.outcome === 'trigger') return { asked, verdict: act.verdict };
  }
  let verdict: string | undefined;
  let skipped = false;
  for (let i = 0; i < SLOTS && verdict === undefined; i += 1) {
    asked.push(`backend-${i}`);
    const { act, policy } = backends[i] ?? { act: { outcome: 'absent' }, policy: 'open' };
    if (act === 'throw') {
      if (policy !== 'open') return { asked, verdict: failing(policy) };
      skipped = true;
    } else if (act.outcome === 'busy') return { asked, verdict: 'tempfail' };
    else if (act.outcome === 'match') verdict = 'accept';
    else if (act.outcome === 'wrong') verdict = 'reject';
  }
  if (verdict === undefined && skipped) return { asked, verdict: 'tempfail' };
  verdict ??= 'reject';
  for (let i = 0; i < SLOTS; i += 1) {
    asked.push(`filter-${i}`);
    const { act, policy } = filters[i] ?? { act: { outcome: 'pass' }, policy: 'open' };
    const end =
      act === 'throw'
        ? policy === 'open'
          ? undefined
          : failing(policy)
        : act.outcome === 'reject'
          ? 'reject'
          : undefined;
    if (end !== undefined) return { asked, verdict: verdict === 'accept' ? end : verdict };
  }
  return { asked, verdict };
}

const policy = fc.constantFrom<FailPolicy>('open', 'closed', 'tempfail');
const scripted = <T>(answer: fc.Arbitrary<T>) =>
  fc.record({ act: fc.oneof(answer, fc.constant('throw' as const)), policy });
const upTo = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: SLOTS });
const often = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));

const scripts: fc.Arbitrary<Script> = fc.record({
  features: upTo(
    scripted(
      often<FeatureAnswer>(
        { outcome: 'pass' },
        { outcome: 'trigger', verdict: 'reject', reason: 'rbl' },
        { outcome: 'trigger', verdict: 'tempfail', reason: 'tls' },
      ),
    ),
  ),
  backends: upTo(
    scripted(
      fc.constantFrom<BackendAnswer>(
        { outcome: 'match', account: 'a', attributes: {} },
        { outcome: 'absent' },
        { outcome: 'wrong', account: 'a' },
        { outcome: 'busy' },
      ),
    ),
  ),
  filters: upTo(scripted(often<FilterAnswer>({ outcome: 'pass' }, { outcome: 'reject' }))),
});

test('Stages are asked in their order, the first that ends a login ends it, and failures mean what their policy says.', async (t) => {
  await using world = await embeddedWorld();
  const { stages, play } = scriptedStages(SLOTS);
  const config = { backends: [], brute_force: { rules: [] } };
  await using auth = await startAuth(world, { config, ports: { stages } });
  await fc.assert(
    fc.asyncProperty(scripts, async (script) => {
      play(script);
      const { decision, verdict } = await auth.ask({ clear: 'x' });
      const event = await auth.event(decision);
      const expected = model(script);
      t.deepEqual(
        { asked: event.stages.map(({ name }) => name), verdict },
        { asked: ['network', ...expected.asked], verdict: expected.verdict as 'accept' },
      );
      t.is(event.verdict, verdict);
    }),
    runs(150),
  );
});

test('A stage that hangs is cut off at its time, and then its policy holds.', async (t) => {
  await using world = await embeddedWorld();
  let policyNow: FailPolicy = 'tempfail';
  const cut: boolean[] = [];
  const hanging: Feature = {
    name: 'tarpit',
    get onFailure() {
      return policyNow;
    },
    look: (_login, signal) =>
      new Promise(() => {
        signal.addEventListener('abort', () => cut.push(true));
      }),
  };
  const ports = { stages: { features: [hanging] } };
  const config = { stage_timeout: '500ms', brute_force: { rules: [] } };
  await using auth = await startAuth(world, { config, ports });
  const outcome = async (policy: FailPolicy) => {
    policyNow = policy;
    const reply = await auth.ask({ clear: RIGHT.alice });
    const { stages } = await auth.event(reply.decision);
    t.is(stages.find(({ name }) => name === 'tarpit')?.outcome, 'timeout');
    return `${reply.verdict} ${reply.reason}`;
  };
  t.is(await outcome('tempfail'), 'tempfail feature-failed');
  t.is(await outcome('closed'), 'reject feature-failed');
  t.is(await outcome('open'), 'accept password');
  t.is(cut.length, 3, 'each was told to stop');
});

test('While the store is away brute force means what its policy says, whatever the password.', async (t) => {
  for (const [policy, right, wrong] of [
    ['open', 'accept password', 'reject password'],
    ['closed', 'reject brute-force-failed', 'reject brute-force-failed'],
    ['tempfail', 'tempfail brute-force-failed', 'tempfail brute-force-failed'],
  ] as const) {
    await using world = await embeddedWorld();
    await using auth = await startAuth(world, { config: rule(5, { on_failure: policy }) });
    auth.outages.store = true;
    const ask = async (clear: string) => {
      const { verdict, reason } = await auth.ask({ clear });
      return `${verdict} ${reason}`;
    };
    t.is(await ask(RIGHT.alice), right);
    t.is(await ask('wrong'), wrong);
    t.is(auth.hashed.length > 0, policy === 'open');
  }
});

test('Without a backend every login is a temporary failure, and the log says why.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: { backends: [] } });
  t.like(await auth.ask({ clear: 'x' }), { verdict: 'tempfail', reason: 'no-backend' });
  t.true(auth.lines.some((line) => line.includes('no backend is configured')));
});

test('A filter can refuse what a backend let in, and lets nobody in that a backend refused.', async (t) => {
  await using world = await embeddedWorld();
  const seen: string[] = [];
  const filter: Filter = {
    name: 'picky',
    onFailure: 'closed',
    async judge({ facts }, found) {
      seen.push(`${found.verdict} ${found.account}`);
      return { outcome: facts.protocol === 'imap' ? 'reject' : 'pass' };
    },
  };
  await using auth = await startAuth(world, { ports: { stages: { filters: [filter] } } });
  const bob = { login: 'bob', clear: RIGHT.bob };
  t.like(await auth.ask(bob), { verdict: 'accept', account: 'bob@example.com' });
  t.like(await auth.ask({ ...bob, protocol: 'imap' }), { verdict: 'reject', reason: 'filter' });
  t.like(await auth.ask({ ...bob, clear: 'x' }), { verdict: 'reject', reason: 'password' });
  t.like(await auth.ask({ login: 'nobody', clear: 'x' }), { reason: 'unknown-user' });
  t.deepEqual(seen, [
    ...['accept bob@example.com', 'accept bob@example.com', 'reject bob@example.com'],
    'reject undefined',
  ]);
});

test('A login in clear is refused before its password is looked at, except from listed networks.', async (t) => {
  await using world = await embeddedWorld();
  const features = {
    tls_encryption: { enabled: true, cleartext_networks: ['10.0.0.0/8', 'fd00::/8'] },
  };
  await using auth = await startAuth(world, { config: { features } });
  const from = (address: string, more: object = {}) =>
    auth.ask({ clear: RIGHT.alice, client: { address }, ...more });
  t.like(await from('192.0.2.7'), { verdict: 'tempfail', reason: 'tls-encryption' });
  t.is(auth.hashed.length, 0);
  t.is((await from('192.0.2.7', { tls: { protocol: 'TLSv1.3' } })).verdict, 'accept');
  t.is((await from('10.9.8.7')).verdict, 'accept');
  t.is((await from('fd00:1::1')).verdict, 'accept');
  t.is((await from('11.0.0.1')).verdict, 'tempfail');
});

test('A decision’s event has every stage with its time, and nothing of the password.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world);
  const reply = await auth.ask({ login: 'bob', clear: RIGHT.bob, protocol: 'imap' });
  t.regex(reply.decision, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  const event: Decided = await auth.event(reply.decision);
  t.like(event, { login: 'bob', door: 'edge', protocol: 'imap', account: 'bob@example.com' });
  t.deepEqual(
    event.stages.map(({ stage, name, outcome }) => [stage, name, outcome]),
    [
      ['brute-force', 'network', 'pass'],
      ['backend', 'file', 'match'],
    ],
  );
  t.true(event.stages.every(({ durationMs }) => durationMs >= 0 && durationMs <= event.durationMs));
  await auth.login('bob', 'S3cret-wrong');
  const said = JSON.stringify(auth.decided) + auth.lines.join('');
  t.false(said.includes(RIGHT.bob));
  t.false(said.includes('S3cret-wrong'));
});
