import type { PluginHooks } from '@sallyport/edge';
import { credentialDigest } from '@sallyport/edge';
import test from 'ava';
import fc from 'fast-check';
import { startSessions } from '../sessions/sessions-world.ts';
import { runs } from '../world/deep.ts';
import {
  type Ask,
  ask,
  type EdgeSide,
  edgeWorld,
  messageOf,
  openEdgeSide,
  ringsOf,
} from './plugins-world.ts';

const stack = new AsyncDisposableStack();
let world: Awaited<ReturnType<typeof edgeWorld>>;
let edge: EdgeSide;
test.before(async () => {
  world = stack.use(await edgeWorld());
  stack.use(await startSessions(world));
  edge = stack.use(await openEdgeSide(world));
  const now = world.clock.now();
  edge.people.add('fiona', 'open sesame', null, now);
  edge.people.add('jörg', 'schlüssel', null, now);
  edge.people.add('late', 'old key', 60, now - 120_000);
  edge.people.add('soon', 'young key', 60, now);
  edge.people.add('nobody');
});
test.after.always(() => stack.disposeAsync());

const keyAuth = (config: Record<string, unknown> = {}) => edge.plugin('key-auth', config);
const go = (plugin: PluginHooks, request: Ask) => ask([plugin], request);

test('a key in a header, in the query or in a form names the consumer', async (t) => {
  const plugin = keyAuth({ key_in_body: true });
  for (const request of [
    { headers: { apikey: 'open sesame' } },
    { query: 'x=1&apikey=open%20sesame' },
    { query: 'apikey=open+sesame' },
    { method: 'POST', form: 'apikey=open+sesame' },
  ]) {
    const { answer, identity } = await go(plugin, request);
    t.is(answer, undefined);
    t.is(identity?.subject, 'fiona');
    t.is(identity?.consumer?.username, 'fiona');
    t.truthy(identity?.credential);
    t.false(identity?.anonymous);
  }
  const utf8 = Buffer.from('schlüssel').toString('latin1');
  t.is((await go(plugin, { headers: { apikey: utf8 } })).identity?.subject, 'jörg');
  t.is((await go(plugin, { query: 'apikey=schl%C3%BCssel' })).identity?.subject, 'jörg');
});

test('without a key, or with one that is nobody’s, it is 401 with a challenge', async (t) => {
  const refusals: readonly (readonly [Ask, string])[] = [
    [{}, 'No API key found in request'],
    [{ headers: { apikey: '' } }, 'No API key found in request'],
    [{ query: 'apikey=' }, 'No API key found in request'],
    [{ form: 'apikey=open+sesame' }, 'No API key found in request'],
    [{ headers: { apikey: 'wrong' } }, 'Unauthorized'],
    [{ headers: { apikey: 'Open sesame' } }, 'Unauthorized'],
    [{ headers: { apikey: 'old key' } }, 'Unauthorized'],
    [{ headers: { apikey: `open sesame${'x'.repeat(600)}` } }, 'Unauthorized'],
    [{ headers: { apikey: ['open sesame', 'open sesame'] } }, 'Duplicate API key found'],
    [{ query: 'apikey=open+sesame&apikey=b' }, 'Duplicate API key found'],
  ];
  for (const [request, text] of refusals) {
    const outcome = await go(keyAuth(), request);
    t.is(outcome.status, 401, JSON.stringify(request));
    t.is(messageOf(outcome), text);
    t.is(outcome.answer?.headers?.['www-authenticate'], 'Key');
    t.is(outcome.identity, undefined);
  }
  const named = await go(keyAuth({ realm: 'shop' }), {});
  t.is(named.answer?.headers?.['www-authenticate'], 'Key realm="shop"');
  t.is((await go(keyAuth(), { headers: { apikey: 'young key' } })).identity?.subject, 'soon');
});

test('keys are looked for where it says, under the names it says', async (t) => {
  const key = 'open sesame';
  t.is((await go(keyAuth({ key_in_header: false }), { headers: { apikey: key } })).status, 401);
  t.is((await go(keyAuth({ key_in_query: false }), { query: 'apikey=open+sesame' })).status, 401);
  const named = keyAuth({ key_names: ['X-First', 'X-Second'] });
  t.is((await go(named, { headers: { 'x-second': key } })).identity?.subject, 'fiona');
  t.is((await go(named, { headers: { 'x-first': 'wrong', 'x-second': key } })).status, 401);
  t.is((await go(named, { headers: { apikey: key } })).status, 401);
});

test('keys are hidden from the upstream, wherever they were and whether they were good, if it says so', async (t) => {
  const hiding = keyAuth({ hide_credentials: true, key_in_body: true, anonymous: 'nobody' });
  for (const request of [{ headers: { apikey: 'open sesame' } }, { query: 'apikey=wrong' }]) {
    const { upstream, removed } = await go(hiding, request);
    t.true(upstream.has('apikey'));
    t.is(upstream.get('apikey'), undefined);
    t.deepEqual(removed, { query: ['apikey'], form: ['apikey'] });
  }
  const { upstream, removed } = await go(keyAuth(), { headers: { apikey: 'open sesame' } });
  t.is(upstream.size, 0);
  t.deepEqual(removed, { query: [], form: [] });
});

test('with an anonymous consumer it is one of several ways in', async (t) => {
  const plugin = keyAuth({ anonymous: 'nobody' });
  for (const request of [{}, { headers: { apikey: 'wrong' } }]) {
    const { answer, identity } = await go(plugin, request);
    t.is(answer, undefined);
    t.is(identity?.consumer?.username, 'nobody');
    t.true(identity?.anonymous);
    t.is(identity?.credential, undefined);
  }
  const first = keyAuth({ anonymous: 'nobody', key_names: ['first'] });
  const both = [first, plugin];
  t.is((await ask(both, { headers: { apikey: 'open sesame' } })).identity?.subject, 'fiona');
  const two = await ask(both, { headers: { first: 'open sesame', apikey: 'schl' } });
  t.is(two.identity?.subject, 'fiona', 'who is recognised is let pass');
  const strict = [first, keyAuth()];
  t.is((await ask(strict, { headers: { first: 'open sesame' } })).status, 401);
});

test('an anonymous consumer that isn’t there is the operator’s mistake: 500, and it is told', async (t) => {
  const outcome = await go(keyAuth({ anonymous: 'ghost' }), {});
  t.is(outcome.status, 500);
  t.is(outcome.identity, undefined);
  t.notRegex(String(outcome.answer?.body), /ghost/);
  t.true(edge.lines.some((line) => line.includes('ghost')));
});

test('preflights pass without a key only if it says so', async (t) => {
  const preflight = { method: 'OPTIONS' };
  t.is((await go(keyAuth(), preflight)).status, 401);
  t.is((await go(keyAuth({ run_on_preflight: false }), preflight)).answer, undefined);
});

test('whatever bytes are shown as a key, nothing throws and nobody is let in', async (t) => {
  const plugin = keyAuth({ key_in_body: true, hide_credentials: true });
  const bytes = fc.uint8Array({ maxLength: 700 }).map((all) => Buffer.from(all).toString('latin1'));
  const text = fc.oneof(bytes, fc.string({ unit: 'binary', maxLength: 600 }));
  const request = fc.oneof(
    text.map((key): Ask => ({ headers: { apikey: key } })),
    text.map((query): Ask => ({ query })),
    text.map((key): Ask => ({ query: `apikey=${key}` })),
    text.map((form): Ask => ({ form: `apikey=${form}` })),
  );
  await fc.assert(
    fc.asyncProperty(request, async (one) => {
      const { status, identity } = await go(plugin, one);
      return status === 401 && identity === undefined;
    }),
    runs(2000, 100_000),
  );
  t.pass();
});

test('digests of keys are those of control, before and after a rotation', async (t) => {
  const control = ringsOf(world, 'control');
  const owned = await control.openRing('credentials');
  const seen = await ringsOf(world, 'edge').openRing('credentials');
  const [ours, theirs] = [credentialDigest(seen), credentialDigest(owned)];
  const before = ours('open sesame');
  t.is(before, theirs('open sesame'));
  t.regex(before, /^[\w-]{43}$/);
  await control.rotate('credentials');
  await Promise.all([owned.reload(), seen.reload()]);
  t.not(owned.keys.length, 1);
  t.is(ours('open sesame'), before);
  t.is(theirs('open sesame'), before);
  t.not(ours('open sesamf'), before);
});

const terminate = (config: Record<string, unknown>) => edge.plugin('request-termination', config);

test('request-termination answers with what it says: sentence, body, or the status alone', async (t) => {
  const sentence = await go(terminate({ status_code: 403, message: 'So long' }), {});
  t.is(sentence.status, 403);
  t.is(messageOf(sentence), 'So long');
  t.is(messageOf(await go(terminate({}), {})), 'Service unavailable');
  const body = await go(
    terminate({ body: '<p>', content_type: 'text/html', status_code: 200 }),
    {},
  );
  t.deepEqual(body.answer, { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' });
  const plain = await go(terminate({ body: '{}' }), {});
  t.is(plain.answer?.headers?.['content-type'], 'application/json; charset=utf-8');
  t.deepEqual((await go(terminate({ status_code: 418 }), {})).answer, { status: 418 });
});

test('with a trigger only requests that have it are ended', async (t) => {
  const plugin = terminate({ trigger: 'X-Stop', status_code: 403 });
  t.is((await go(plugin, {})).answer, undefined);
  t.is((await go(plugin, { headers: { 'x-stop': '' } })).status, 403);
  t.is((await go(plugin, { query: 'X-Stop' })).status, 403);
  t.is((await go(plugin, { query: 'x=X-Stop' })).answer, undefined);
});

test('echo shows how the edge understood the request', async (t) => {
  const { answer } = await go(terminate({ echo: true, status_code: 200 }), {
    method: 'PUT',
    query: 'a=1&a=2&__proto__=3',
  });
  const shown = JSON.parse(String(answer?.body));
  t.is(shown.request.method, 'PUT');
  t.is(shown.request.path, '/a');
  t.is(shown.request.host, 'shop.test');
  t.deepEqual(shown.request.query.a, ['1', '2']);
  t.is(shown.matched_route.name, 'shop');
  t.is(shown.matched_service.name, 'shop-service');
});
