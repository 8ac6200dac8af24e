import { randomUUID } from 'node:crypto';
import { authDecide, defineRpc } from '@sallyport/contracts';
import test from 'ava';
import fc from 'fast-check';
import { Type } from 'typebox';
import { runs } from '../world/deep.ts';
import { embeddedWorld, RIGHT, startAuth } from './auth-world.ts';

const names = ['alice', 'bob', 'nobody', '', 'ALICE', 'alice ', '__proto__', 'constructor'];
const passwords = [
  RIGHT.alice,
  RIGHT.bob,
  '',
  ' ',
  `${RIGHT.alice}\u0000`,
  'x'.repeat(600),
  '\ud800',
];
const isRight = (login: unknown, password: unknown) =>
  (login === 'alice' && password === RIGHT.alice) || (login === 'bob' && password === RIGHT.bob);

/** A value that may be anything, most of the time what belongs there. */
const mostly = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 40, arbitrary: usual }, fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<T>);

const usually = <T>(one: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: one }, other);
const login = mostly(
  fc.oneof(
    fc.constantFrom('alice', 'bob'),
    fc.constantFrom(...names),
    fc.string({ unit: 'binary' }),
  ),
);
const secret = mostly(
  fc.oneof(fc.constantFrom(...Object.values(RIGHT)), fc.constantFrom(...passwords), fc.string()),
);

const body = fc.record(
  {
    username: login,
    password: secret,
    client_ip: mostly(usually(fc.oneof(fc.ipV4(), fc.ipV6()), fc.string())),
    client_port: mostly(fc.oneof(fc.nat(65_600), fc.nat(65_600).map(String))),
    service: mostly(usually(fc.constant('mail'), fc.string({ unit: 'binary' }))),
    method: mostly(usually(fc.constantFrom('plain', 'LOGIN', ''), fc.constant('a b'))),
    protocol: mostly(usually(fc.constant('imap'), fc.string())),
    client_id: mostly(usually(fc.constant('x'), fc.string({ unit: 'binary' }))),
    local_ip: mostly(fc.ipV4()),
    auth_login_attempt: mostly(usually(fc.nat(20), fc.integer())),
    ssl_protocol: mostly(fc.constant('TLSv1.3')),
    verdict: fc.constant('accept'),
    authenticated: fc.constant(true),
  },
  { requiredKeys: [] },
);

const open = { brute_force: { rules: [] } };

test('Whatever is posted, only the right password gets 200, and the door goes on.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: open });
  let [let_in, refused, bad] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(usually<unknown>(body, fc.jsonValue()), async (question) => {
      const { status, headers, text } = await auth.post(JSON.stringify(question));
      const { username, password } = (question ?? {}) as Record<string, unknown>;
      t.true([200, 400, 403].includes(status), `${status} ${text}`);
      t.is(headers.get('auth-status') === 'OK', status === 200);
      t.is(headers.get('auth-user') !== null, status === 200);
      if (status === 200) {
        t.true(isRight(username, password));
        let_in += 1;
      } else if (status === 403) {
        t.false(isRight(username, password));
        refused += 1;
      } else bad += 1;
    }),
    runs(400),
  );
  t.true(let_in > 0 && refused > 0 && bad > 0, `${let_in} in, ${refused} refused, ${bad} bad`);
  t.is((await auth.login('alice', RIGHT.alice)).status, 200);
});

test('Bytes that are no JSON are refused, and the door goes on.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: open });
  const url = `${auth.auth.url}/api/v1/generic/json`;
  const good = JSON.stringify({ username: 'alice', password: RIGHT.alice });
  const cut = fc.nat(good.length - 1).map((n) => Buffer.from(good.slice(0, n)));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.uint8Array({ maxLength: 200 }), cut),
      fc.constantFrom('application/json', 'text/plain', 'application/json; charset=utf-16', 'x'),
      async (bytes, type) => {
        const headers = { 'content-type': type };
        const answer = await fetch(url, { method: 'POST', headers, body: Buffer.from(bytes) });
        await answer.arrayBuffer();
        t.true([400, 415].includes(answer.status), String(answer.status));
        t.is(answer.headers.get('auth-status'), null);
      },
    ),
    runs(100),
  );
  t.is((await auth.login('alice', RIGHT.alice)).status, 200);
});

/** The rpc without its contract: what a broken or hostile asker could send. */
const anything = defineRpc({
  ...{ type: 'auth.decide', version: 1, summary: 'Unchecked.' },
  ...{ data: Type.Any(), reply: Type.Any() },
});

test('Whatever is asked over the bus, only the right password, sealed to its question, is let in.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: open });
  const bus = await world.connect('edge');
  const tally = { accept: 0, reject: 0, error: 0 };
  const question = fc.record(
    {
      login,
      door: mostly(fc.constantFrom('edge', 'generic-json')),
      client: mostly(
        fc.record({
          address: usually(fc.oneof(fc.ipV4(), fc.ipV6()), fc.string()),
          port: fc.nat(66_000),
        }),
      ),
      protocol: mostly(fc.constant('http')),
      tls: mostly(fc.record({ protocol: fc.string({ maxLength: 32 }), cipher: fc.string() })),
      attempt: mostly(fc.nat(10)),
      verdict: fc.constant('accept'),
    },
    { requiredKeys: ['login', 'door', 'client'] },
  );
  const clear = fc.oneof(
    fc.constantFrom(...Object.values(RIGHT)),
    fc.constantFrom(...passwords),
    fc.string({ unit: 'binary' }),
  );
  const seal = fc.constantFrom('right', 'right', 'right', 'other key', 'damaged', 'clear', 'none');
  await fc.assert(
    fc.asyncProperty(question, clear, seal, async (asked, given, how) => {
      const key = randomUUID();
      const sealed = auth.seal(given, how === 'other key' ? randomUUID() : key);
      const middle = sealed.length >> 1;
      const flipped = sealed[middle] === 'A' ? 'B' : 'A';
      const password =
        how === 'damaged'
          ? `${sealed.slice(0, middle)}${flipped}${sealed.slice(middle + 1)}`
          : how === 'clear'
            ? given
            : sealed;
      const data = how === 'none' ? asked : { ...asked, password };
      let verdict: 'accept' | 'reject' | 'error';
      try {
        verdict = (await bus.rpc.request(anything, data, { idempotencyKey: key })).verdict;
      } catch {
        verdict = 'error';
      }
      t.true(verdict in tally, verdict);
      tally[verdict] += 1;
      if (verdict === 'accept') t.true(how === 'right' && isRight(asked.login, given));
    }),
    runs(400),
  );
  t.true(
    Object.values(tally).every((count) => count > 0),
    JSON.stringify(tally),
  );
  t.is((await auth.ask({ clear: RIGHT.alice })).verdict, 'accept');
  t.is(authDecide.subject, anything.subject);
});

test('Users files of any bytes are users or mistakes, and never let anybody in without their password.', async (t) => {
  await using world = await embeddedWorld();
  const piece = fc.oneof(
    fc.constantFrom(...[':', '=', '$', '{SSHA}', '#', '\n', '\r', 'alice', '\u0000', '{PLAIN}']),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      const users = pieces.join('');
      try {
        await using auth = await startAuth(world, { users, config: open });
        t.not((await auth.login('alice', 'alice')).status, 200);
      } catch (error) {
        t.is((error as { code?: string }).code, 'SP_ERR_CONFIG', String(error));
      }
    }),
    runs(15),
  );
});
