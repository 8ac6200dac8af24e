import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { announcePresence, type Bus } from '@sallyport/bus';
import { certsList, sessionsList, sessionsRevoke } from '@sallyport/contracts';
import { systemClock } from '@sallyport/runtime';
import test from 'ava';
import { embeddedWorld, startControl } from '../control/control-world.ts';
import { freePort } from '../world/program.ts';
import { until } from '../world/until.ts';
import { sallyport } from './run.ts';

const TIME = '2026-11-22T12:00:00.000Z';
const token = 'a-token-of-16-characters';

interface World extends AsyncDisposable {
  readonly bus: Bus;
  readonly url: string;
  /** Runs a command against this system. */
  run(...words: string[]): ReturnType<typeof sallyport>;
}

async function openWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await embeddedWorld());
  const bus = await world.connect();
  const ports = { space: world.space, bus: await world.connect() };
  const env = { SALLYPORT_CONTROL__API__TOKEN: token };
  const instance = stack.use(await startControl(ports, {}, env));
  const url = instance.control.url as string;
  const owned = stack.move();
  return {
    ...{ bus, url },
    run: (...words) => sallyport(...words, '--url', url, '--token', token),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test('certs list shows all pages as a table for people and as JSON', async (t) => {
  await using world = await openWorld();
  const names = Array.from({ length: 7 }, (_, i) => `name-${i}.example`);
  const certificate = (name: string) => ({
    ...{ name, issuer: 'internal', fingerprint: 'ab'.repeat(32) },
    ...{ notBefore: TIME, notAfter: new Date(Date.now() + 30.5 * 86_400_000).toISOString() },
  });
  let asked = 0;
  await using _ = await world.bus.rpc.respond(certsList, {}, ({ after, limit = 100 }) => {
    asked += 1;
    t.is(limit, 500);
    const rest = names.filter((name) => after === undefined || name > after);
    const page = rest.slice(0, 3);
    const next = page.at(-1);
    return {
      certificates: page.map(certificate),
      ...(rest.length > 3 && next !== undefined ? { next } : {}),
    };
  });
  const people = await world.run('certs', 'list');
  t.is(people.code, 0);
  t.is(asked, 3);
  const lines = people.out.trim().split('\n');
  t.is(lines.length, 8);
  t.regex(lines[0] as string, /^NAME +ISSUER +EXPIRES +IN +SHA-256$/);
  t.regex(lines[7] as string, /^name-6\.example +internal +\S+Z +30d +abababababababab$/);
  const json = await world.run('certs', 'list', '--json');
  t.deepEqual(
    JSON.parse(json.out).map(({ name }: { name: string }) => name),
    names,
  );
});

test('sessions are listed by subject, and ended by id or by subject', async (t) => {
  await using world = await openWorld();
  const subject = 'ada@example.org';
  const asked: unknown[] = [];
  await using _list = await world.bus.rpc.respond(sessionsList, {}, (data) => {
    asked.push(data);
    const one = { session: 's1', audience: data.audience, subject, created: TIME, seen: TIME };
    const hostile = { address: '192.0.2.7\u001b[2J' };
    return {
      sessions: [
        { ...one, client: hostile },
        { ...one, session: 's2', expires: TIME },
      ],
    };
  });
  await using _revoke = await world.bus.rpc.respond(sessionsRevoke, {}, (data) => {
    asked.push(data);
    return { revoked: 'session' in data.target && data.target.session === 'gone' ? 0 : 2 };
  });
  const list = await world.run('sessions', 'list', subject, '--audience', 'shop');
  t.is(list.code, 0);
  t.is(
    list.out,
    [
      'SESSION  LOGIN                 SEEN                  EXPIRES               CLIENT',
      's1       2026-11-22T12:00:00Z  2026-11-22T12:00:00Z  never                 192.0.2.7\\u001b[2J',
      's2       2026-11-22T12:00:00Z  2026-11-22T12:00:00Z  2026-11-22T12:00:00Z  -',
      '',
    ].join('\n'),
  );
  t.is(JSON.parse((await world.run('sessions', 'list', subject, '--json')).out).length, 2);
  t.is((await world.run('sessions', 'revoke', 's/1')).out, '2 sessions ended\n');
  const all = await world.run(
    'sessions',
    'revoke',
    '--subject',
    subject,
    '--except',
    's2',
    '--json',
  );
  t.deepEqual(JSON.parse(all.out), { revoked: 2 });
  const gone = await world.run('sessions', 'revoke', 'gone');
  t.is(gone.code, 1);
  t.is(
    gone.err,
    "sallyport sessions revoke: no session 'gone' of audience 'default' goes on (HTTP 404)\n",
  );
  t.deepEqual(asked, [
    { audience: 'shop', subject, limit: 1000 },
    { audience: 'default', subject, limit: 1000 },
    { audience: 'default', target: { session: 's/1' }, reason: 'operator' },
    { audience: 'default', target: { subject, except: 's2' }, reason: 'operator' },
    { audience: 'default', target: { session: 'gone' }, reason: 'operator' },
  ]);
});

test('nodes lists the processes and what is wrong with them', async (t) => {
  await using world = await openWorld();
  const node = {
    ...{ instance: 'edge-1', services: ['edge', 'certs'], version: '0.1.0', phase: 'up' },
    started: new Date(Date.now() - 3_700_000).toISOString(),
  };
  const listens = ['https://127.0.0.2:8443'];
  const faults = ['store: away'];
  await using _ = announcePresence({
    ...{ feeds: world.bus.feeds, clock: systemClock },
    describe: () => ({ ...node, listens, faults }),
  });
  const json = await until(async () => {
    const { out } = await world.run('nodes', '--json');
    return JSON.parse(out).length === 1 ? JSON.parse(out)[0] : undefined;
  });
  t.like(json, { ...node, listens, faults });
  const { code, out } = await world.run('nodes');
  t.is(code, 0);
  t.regex(out, /edge-1 +edge,certs +up! +0\.1\.0 +1h +https:\/\/127\.0\.0\.2:8443\n/);
  t.regex(out, /\nINSTANCE +FAULT\nedge-1 +store: away\n$/);
});

test('config show tells each value and where it is from, secrets masked', async (t) => {
  await using world = await openWorld();
  const { code, out } = await world.run('config', 'show');
  t.is(code, 0);
  t.regex(out, /^control\.api\.host +"127\.0\.0\.1" +default$/m);
  t.regex(out, /^control\.api\.token +\*\*\* +SALLYPORT_CONTROL__API__TOKEN$/m);
  t.false(out.includes(token));
  const json = JSON.parse((await world.run('config', 'show', '--json')).out);
  t.like(
    json.find(({ path }: { path: string }) => path === 'control.api.port'),
    { value: '0', source: 'file' },
  );
});

const COMMANDS = [
  ['certs', 'list'],
  ['sessions', 'list', 'ada'],
  ['sessions', 'revoke', 's1'],
  ['sessions', 'revoke', '--subject', 'ada'],
  ['nodes'],
  ['config', 'show'],
  ['events', 'tail'],
  ['events', 'verify'],
];

test('where nothing answers every command says so and ends with 69', async (t) => {
  const url = `http://127.0.0.1:${await freePort()}`;
  for (const words of COMMANDS) {
    const { code, out, err } = await sallyport(...words, '--url', url);
    t.is(code, 69, words.join(' '));
    t.is(out, '');
    const name = words.slice(0, words[0] === 'nodes' ? 1 : 2).join(' ');
    t.is(err, `sallyport ${name}: nothing answers at ${url} (ECONNREFUSED)\n`);
  }
});

test('without the token, or with a wrong one, every command says so and ends with 1', async (t) => {
  await using world = await openWorld();
  for (const words of COMMANDS) {
    for (const more of [[], ['--token', 'another-token-of-16']]) {
      const { code, err } = await sallyport(
        ...words,
        '--url',
        world.url,
        '--data',
        '/none',
        ...more,
      );
      t.is(code, 1, words.join(' '));
      t.regex(
        err,
        /an operator token is wanted.*\(HTTP 401\); give it by --token or SALLYPORT_TOKEN/,
      );
    }
  }
});

test('where the service that knows is away, that is said, and ends with 69', async (t) => {
  await using world = await openWorld();
  const { code, err } = await world.run('certs', 'list');
  t.is(code, 69);
  t.regex(err, /^sallyport certs list: nobody answers: .*certs.* \(HTTP 503\)\n$/);
});

test('a server that is none of ours, or sends one elsewhere, gets no token and is told', async (t) => {
  const seen: (string | undefined)[] = [];
  const other = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end('<html>');
  }).listen(0, '127.0.0.1');
  const first = createServer((_, response) => {
    response.writeHead(307, {
      location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/`,
    });
    response.end();
  }).listen(0, '127.0.0.1');
  const urlOf = (server: typeof first) =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await until(() => other.listening && first.listening);
  const away = await sallyport('nodes', '--url', urlOf(first), '--token', token);
  t.is(away.code, 69);
  t.deepEqual(seen, []);
  const foreign = await sallyport('nodes', '--url', urlOf(other), '--token', token);
  t.is(foreign.code, 69);
  t.regex(foreign.err, /broke off its answer/);
  for (const server of [first, other]) server.close().closeAllConnections();
});

for (const [words, complaint] of [
  [['sessions', 'list'], 'takes 1 words, got 0'],
  [['sessions', 'revoke'], 'takes either the id of a session or --subject'],
  [['sessions', 'revoke', 'a', '--subject', 'b'], 'takes either the id of a session or --subject'],
  [['sessions', 'revoke', 'a', '--except', 'b'], '--except goes with --subject'],
  [['nodes', 'extra'], 'takes 0 words, got 1'],
  [['certs', 'list', '--fast'], "Unknown option '--fast'"],
  [
    ['events', 'tail', '--from', 'then', '--url', 'http://127.0.0.1:1'],
    '--from takes new, all, 15m',
  ],
  [['nodes', '--url', 'nowhere'], "'nowhere' must be a URL"],
] as const) {
  test(`words that are off are refused with the rule: ${words.join(' ')}`, async (t) => {
    const { code, err } = await sallyport(
      ...words,
      '--token',
      'x',
      ...(words.includes('--url' as never) ? [] : ['--url', 'http://127.0.0.1:1']),
    );
    t.is(code, 64);
    t.true(err.includes(complaint), err);
  });
}
