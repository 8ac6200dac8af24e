import { createHmac, randomUUID } from 'node:crypto';
import { actionsRun, type SealedText } from '@sallyport/contracts';
import test from 'ava';
import { until } from '../world/until.ts';
import {
  type Answering,
  configOf,
  JOB,
  letters,
  openBus,
  startActions,
  startReceiver,
} from './actions-world.ts';

const FAST = { backoff: { first: '10ms', most: '20ms' } };

const hookTo = (url: string, more: Record<string, unknown> = {}) => ({
  ...FAST,
  list: [{ name: 'hook', kind: 'webhook', url, allow_private: true, ...more }],
});

test('A webhook is posted the decision as JSON, with the job’s id as its key and a signature over time and body.', async (t) => {
  await using bus = await openBus();
  await using receiver = await startReceiver();
  const secret = 'the secret of this webhook';
  const headers = { Authorization: 'Bearer token', 'X-Team': 'abuse' };
  await using _ = await startActions(
    bus,
    hookTo(receiver.url, { secret: 'env:HOOK_SECRET', headers }),
    { env: { HOOK_SECRET: secret } },
  );
  const password = `sp1.1.${'A'.repeat(64)}` as SealedText;
  const id = randomUUID();
  await bus.jobs.enqueue(actionsRun, { ...JOB, request: { ...JOB.request, password } }, { id });
  const call = await until(() => receiver.calls[0]);
  const { time, ...told } = JSON.parse(call.body.toString());
  t.deepEqual(told, { ...JOB, id }, 'without the password');
  t.true(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  t.is(call.headers['idempotency-key'], id);
  t.is(call.headers['content-type'], 'application/json');
  t.is(call.headers['authorization'], 'Bearer token');
  t.is(call.headers['x-team'], 'abuse');
  const [, seconds, mac] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(call.headers['sallyport-signature'])) ?? [];
  t.true(Math.abs(Number(seconds) * 1000 - Date.now()) < 60_000);
  const expected = createHmac('sha256', secret)
    .update(`${seconds}.`)
    .update(call.body)
    .digest('hex');
  t.is(mac, expected);
});

test('Personal fields are treated as the policy of the action says.', async (t) => {
  await using bus = await openBus();
  await using receiver = await startReceiver();
  const settings = {
    ...hookTo(receiver.url, { privacy: { address: 'prefix' } }),
    privacy: { account: 'hash' },
    privacy_key: 'env:PRIVACY_KEY',
  };
  const PRIVACY_KEY = 'a key for the hashes';
  await using _ = await startActions(bus, settings, { env: { PRIVACY_KEY } });
  await bus.jobs.enqueue(actionsRun, JOB);
  const call = await until(() => receiver.calls[0]);
  const { account, request } = JSON.parse(call.body.toString());
  const hash = (value: string) =>
    `hk1.${createHmac('sha256', PRIVACY_KEY).update(`account\0${value}`).digest('base64url')}`;
  t.is(account, hash('alice@example.com'));
  t.is(request.login, hash('alice'));
  t.is(request.client.address, '192.0.2.0/24');
});

test('A log action writes a line at its level.', async (t) => {
  await using bus = await openBus();
  const settings = { list: [{ name: 'note', kind: 'log', level: 'warn' }] };
  await using instance = await startActions(bus, settings);
  const { id } = await bus.jobs.enqueue(actionsRun, { ...JOB, action: 'note' });
  const line = await until(() => instance.lines.find(({ msg }) => msg === 'action'));
  t.like(line, { level: 'warn', action: 'note', job: id, decision: 'd1', verdict: 'reject' });
  t.like(line, { reason: 'rbl', account: 'alice@example.com', address: '192.0.2.7' });
  t.deepEqual(await letters(bus), []);
});

test('An answer of the receiver that says "not now" is tried again under the same key, and "no" is a dead letter at once.', async (t) => {
  await using bus = await openBus();
  const script: Answering[] = [503, 408, 425, 429, 301, 204].map((status) => ({
    status,
    headers: { location: 'http://127.0.0.1:1/' },
  }));
  await using receiver = await startReceiver((n) => script[n - 1] ?? { status: 422, body: 'no' });
  await using _ = await startActions(bus, hookTo(receiver.url));
  const { id } = await bus.jobs.enqueue(actionsRun, JOB);
  await until(() => receiver.calls.length === 6, 'six tries');
  t.deepEqual(
    new Set(receiver.calls.map(({ headers }) => headers['idempotency-key'])),
    new Set([id]),
  );
  t.deepEqual(await letters(bus), []);
  const second = await bus.jobs.enqueue(actionsRun, JOB);
  const letter = await until(async () => (await letters(bus))[0]);
  t.is(letter.id, second.id);
  t.is(letter.attempts, 1);
  t.regex(letter.reason, /^127\.0\.0\.1:\d+ answered 422$/);
});

test('Retry-After is waited for, up to the limit, in seconds or as a date.', async (t) => {
  await using bus = await openBus();
  const times = ['1', new Date(Date.now() + 3_600_000).toUTCString(), 'soon'];
  await using receiver = await startReceiver((n) => {
    const [retryAfter] = times.slice(n - 1);
    return retryAfter === undefined
      ? { status: 200 }
      : { status: 503, headers: { 'retry-after': retryAfter } };
  });
  await using _ = await startActions(bus, { ...hookTo(receiver.url), retry_after: '700ms' });
  await bus.jobs.enqueue(actionsRun, JOB);
  await until(() => receiver.calls.length === 4, 'four tries');
  const [a, b, c] = receiver.calls
    .slice(1)
    .map(({ time }, i) => time - (receiver.calls[i]?.time ?? 0));
  t.true((a as number) >= 690 && (b as number) >= 690, `paused ${a}, ${b}`);
  t.true((c as number) < 690, `paused ${c} for what is no time`);
});

test('A receiver that never answers, or isn’t there, uses up the tries, and the letter says so.', async (t) => {
  await using bus = await openBus();
  await using receiver = await startReceiver(() => undefined);
  const settings = { ...hookTo(receiver.url, { timeout: '100ms' }), tries: 2 };
  const instance = await startActions(bus, settings);
  await bus.jobs.enqueue(actionsRun, JOB);
  const letter = await until(async () => (await letters(bus))[0]);
  t.regex(letter.reason, /^failed 2 times, last with: 127\.0\.0\.1:\d+ gave no answer in 100 ms$/);
  await instance[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await using _ = await startActions(bus, settings);
  await bus.jobs.enqueue(actionsRun, JOB);
  const next = await until(async () => (await letters(bus))[1]);
  t.regex(next.reason, /ECONNREFUSED/);
});

test('An answer whose body never ends is done when its head says so, and one of any size is not kept.', async (t) => {
  await using bus = await openBus();
  await using receiver = await startReceiver((n) =>
    n === 1 ? { status: 200, hang: true } : { status: 200, body: 'x'.repeat(5_000_000) },
  );
  await using _ = await startActions(bus, hookTo(receiver.url, { timeout: '30s' }));
  const began = performance.now();
  await bus.jobs.enqueue(actionsRun, JOB);
  await bus.jobs.enqueue(actionsRun, JOB);
  await until(() => receiver.calls.length === 2, 'both');
  t.true(performance.now() - began < 20_000);
  t.deepEqual(await letters(bus), []);
});

test('Addresses of this machine and of private networks are refused, by name and by number, and the name is asked once.', async (t) => {
  await using bus = await openBus();
  await using receiver = await startReceiver();
  const { port } = receiver;
  const hosts = [
    '127.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0x7f.1',
    '2130706433',
    'inside.example',
  ];
  const list = hosts.map((host) => ({
    ...{ name: host, kind: 'webhook', url: `http://${host}:${port}/` },
  }));
  let asked = 0;
  const resolve = async () => {
    asked += 1;
    // What a rebinding name server does: somebody else's address first, ours when it is asked again.
    return asked === 1
      ? [
          { address: '10.0.0.1', family: 4 },
          { address: '169.254.169.254', family: 4 },
        ]
      : [{ address: '127.0.0.1', family: 4 }];
  };
  await using _ = await startActions(bus, { ...FAST, list, tries: 1 }, { resolve });
  for (const action of hosts) await bus.jobs.enqueue(actionsRun, { ...JOB, action });
  await until(async () => (await letters(bus)).length === hosts.length, 'all refused');
  for (const { reason } of await letters(bus)) t.regex(reason, /must be a public address, is /);
  t.is(receiver.calls.length, 0);
  t.is(asked, 1);
});

test('A connection goes to the address that was looked at, whatever the name leads to.', async (t) => {
  await using bus = await openBus();
  await using receiver = await startReceiver();
  const url = `http://hooks.example:${receiver.port}/in`;
  const asked: string[] = [];
  const resolve = async (host: string) => {
    asked.push(host);
    return [{ address: '127.0.0.1', family: 4 }];
  };
  await using _ = await startActions(bus, hookTo(url), { resolve });
  await bus.jobs.enqueue(actionsRun, JOB);
  const call = await until(() => receiver.calls[0]);
  t.is(call.headers.host, `hooks.example:${receiver.port}`);
  t.deepEqual(asked, ['hooks.example']);
});

test('A job for an action that nobody configured, and one that breaks its contract, are dead letters with the reason.', async (t) => {
  await using bus = await openBus();
  await using _ = await startActions(bus, { list: [] });
  await bus.jobs.enqueue(actionsRun, { ...JOB, action: 'nobody' });
  const { body, ...message } = bus.outgoing.job(actionsRun, JOB);
  const bad = { ...JSON.parse(Buffer.from(body).toString()), verdict: 'perhaps' };
  await bus.outgoing.deliver({ ...message, body: Buffer.from(JSON.stringify(bad)) });
  const all = await until(async () => {
    const found = await letters(bus);
    return found.length === 2 && found;
  });
  t.is(all[0]?.reason, "action 'nobody' must be configured");
  t.regex(all[1]?.reason ?? '', /verdict/);
});

test('Actions that can’t be carried out as configured are refused before any job is taken.', async (t) => {
  await using bus = await openBus();
  const refused = async (settings: Record<string, unknown>, rule: RegExp) => {
    const error = await t.throwsAsync(startActions(bus, settings));
    t.is((error as { code?: string }).code, 'SP_ERR_ACTIONS_CONFIG');
    t.regex(error.message, rule);
  };
  const url = 'http://hooks.example/';
  const note = { name: 'note', kind: 'log' };
  await refused({ list: [note, note] }, /'note' must be configured once/);
  await refused(hookTo(url, { headers: { 'Content-Length': '1' } }), /'Content-Length'/);
  await refused(hookTo(url, { headers: { 'x-a': 'a\r\nx-b: c' } }), /'x-a'/);
  await refused({ list: [note], privacy: { account: 'hash' } }, /privacy_key/);
  await t.throwsAsync(configOf(hookTo('ftp://hooks.example/')), { code: 'SP_ERR_CONFIG' });
  await t.throwsAsync(configOf(hookTo('http://user:word@hooks.example/')), {
    code: 'SP_ERR_CONFIG',
  });
});
