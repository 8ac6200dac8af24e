import { randomUUID } from 'node:crypto';
import { authDecide, type DataOf, type ReplyOf, sealedFieldContext } from '@sallyport/contracts';
import { basicCredentials } from '@sallyport/edge';
import { UnknownKeyError } from '@sallyport/pki';
import test from 'ava';
import fc from 'fast-check';
import { startSessions } from '../sessions/sessions-world.ts';
import { runs } from '../world/deep.ts';
import {
  ask,
  authReader,
  cookieOf,
  edgeWorld,
  messageOf,
  openEdgeSide,
  ringsOf,
} from './plugins-world.ts';

type Question = DataOf<typeof authDecide>;
type Reply = ReplyOf<typeof authDecide>;

const basic = (text: string | Buffer) => `Basic ${Buffer.from(text).toString('base64')}`;
const login = (text: string) => ({ headers: { authorization: basic(text) } });

/** An edge, and auth as the test wants it. */
async function open(
  decide: (question: Question, password: string) => Partial<Reply> | Promise<Partial<Reply>>,
) {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await edgeWorld());
  stack.use(await startSessions(world));
  const edge = stack.use(await openEdgeSide(world, { rpcMs: 20_000 }));
  const reader = await authReader(world);
  const bus = await world.connect('edge');
  const questions: Question[] = [];
  const auth = stack.use(
    await bus.rpc.respond(authDecide, {}, async (question, { idempotencyKey }) => {
      questions.push(question);
      const context = sealedFieldContext({
        ...{ subject: authDecide.subject, path: '/password', id: idempotencyKey as string },
      });
      const password = reader.openSecret(question.password as string, { context }).toString();
      const reply = await decide(question, password);
      const base = { decision: randomUUID(), reason: 'password' };
      return { ...base, verdict: 'reject', ...reply } satisfies Reply;
    }),
  );
  edge.people.add('nobody');
  const owned = stack.move();
  return {
    ...{ world, edge, questions, auth, reader },
    go: (request = {}, config: Record<string, unknown> = {}) =>
      ask([edge.plugin('pipeline-auth', config)], request),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const onlyAlice = (question: Question, password: string): Partial<Reply> =>
  question.login === 'alice' && password === 'hunter:2 ü'
    ? {
        verdict: 'accept',
        account: 'alice@example.test',
        attributes: { groups: ['staff', 'a\nb'] },
      }
    : {};

test('a login that auth accepts is who auth says, and auth is told what it needs, the password sealed', async (t) => {
  await using world = await open(onlyAlice);
  const { headers } = login('alice:hunter:2 ü');
  const { answer, identity, upstream } = await world.go({
    headers: { ...headers, 'user-agent': 'curl' },
  });
  t.is(answer, undefined);
  t.deepEqual(identity, {
    ...{ consumer: undefined, subject: 'alice@example.test', anonymous: false, session: undefined },
    ...{ credential: 'login:alice@example.test', groups: ['staff'] },
  });
  t.true(upstream.has('authorization'));
  t.is(upstream.get('authorization'), undefined);
  const [{ password, ...question }] = world.questions as [Question];
  t.deepEqual(question, {
    ...{ login: 'alice', door: 'edge', protocol: 'http', method: 'basic', service: 'shop-service' },
    client: { address: '192.0.2.7', port: 40_000 },
    local: { address: '127.0.0.1', port: 8443 },
    userAgent: 'curl',
    tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
  });
  t.false(JSON.stringify(world.questions).includes('hunter'));
  t.false(world.edge.lines.some((line) => line.includes('hunter')));
  t.regex(password as string, /^sp1\./);
});

test('a login that auth rejects is 401 with a challenge; so is what isn’t a login, and auth isn’t asked', async (t) => {
  await using world = await open(onlyAlice);
  const challenge = 'Basic realm="login", charset="UTF-8"';
  for (const [request, asked] of [
    [login('alice:wrong'), 1],
    [{}, 0],
    [{ headers: { authorization: 'Bearer x' } }, 0],
    [{ headers: { authorization: 'Basic' } }, 0],
    [{ headers: { authorization: 'Basic !!' } }, 0],
    [login('alice'), 0],
    [login(':hunter:2 ü'), 0],
    [login('alice:'), 0],
    [{ headers: { authorization: [basic('alice:hunter:2 ü'), basic('alice:x')] } }, 0],
  ] as const) {
    world.questions.length = 0;
    const outcome = await world.go(request);
    t.is(outcome.status, 401, JSON.stringify(request));
    t.is(outcome.answer?.headers?.['www-authenticate'], challenge);
    t.is(outcome.identity, undefined);
    t.is(world.questions.length, asked);
  }
});

test('what can’t be decided is 503 with a time to try again, with an anonymous consumer too', async (t) => {
  let reply: Partial<Reply> = { verdict: 'tempfail', retryAfterMs: 4200 };
  await using world = await open(() => reply);
  for (const config of [{}, { anonymous: 'nobody' }]) {
    const outcome = await world.go(login('alice:x'), config);
    t.is(outcome.status, 503);
    t.is(outcome.answer?.headers?.['retry-after'], '5');
    t.is(outcome.identity, undefined);
  }
  reply = { verdict: 'tempfail' };
  t.regex(String((await world.go(login('a:b'))).answer?.headers?.['retry-after']), /^[1-9]/);
});

test('auth that is away, fails, or takes too long is 503', async (t) => {
  let hang = false;
  const held = Promise.withResolvers<Partial<Reply>>();
  await using world = await open(() => {
    if (hang) return held.promise;
    throw new Error('broken');
  });
  t.is((await world.go(login('alice:x'))).status, 503);
  hang = true;
  t.is((await world.go(login('alice:x'), { timeout: 100 })).status, 503);
  held.resolve({ verdict: 'accept' });
  await world.auth[Symbol.asyncDispose]();
  const outcome = await world.go(login('alice:x'));
  t.is(outcome.status, 503);
  t.is(messageOf(outcome), 'Logins can’t be checked right now');
  t.is(outcome.identity, undefined);
  t.true(world.edge.lines.some((line) => line.includes('could not be checked')));
});

test('a login makes a session, and who has it isn’t asked again', async (t) => {
  await using world = await open(onlyAlice);
  const plugins = [
    world.edge.plugin('session', { storage: 'server' }),
    world.edge.plugin('pipeline-auth'),
  ];
  const first = await ask(plugins, login('alice:hunter:2 ü'));
  const cookie = cookieOf(first);
  world.questions.length = 0;
  const second = await ask(plugins, { headers: { cookie } });
  t.is(second.answer, undefined);
  t.is(second.identity?.subject, 'alice@example.test');
  t.deepEqual(second.identity?.groups, ['staff']);
  t.truthy(second.identity?.session);
  const wrong = await ask(plugins, { headers: { cookie, authorization: basic('alice:wrong') } });
  t.truthy(wrong.identity?.session);
  t.is(wrong.upstream.get('authorization'), undefined);
  t.deepEqual(world.questions, []);
});

test('a session that a key made is no login: the password is asked for', async (t) => {
  await using world = await open(onlyAlice);
  const { edge } = world;
  edge.people.add('fiona', 'open sesame');
  const session = edge.plugin('session', { storage: 'server' });
  const byKey = await ask([session, edge.plugin('key-auth')], {
    headers: { apikey: 'open sesame' },
  });
  const headers = { cookie: cookieOf(byKey) };
  t.truthy(headers.cookie);
  t.is((await ask([session, edge.plugin('pipeline-auth')], { headers })).status, 401);
  const either = edge.plugin('pipeline-auth', { anonymous: 'nobody' });
  t.is((await ask([session, either], { headers })).identity?.subject, 'fiona');
});

test('with an anonymous consumer it is one of several ways in', async (t) => {
  await using world = await open(onlyAlice);
  for (const request of [{}, login('alice:wrong'), { headers: { authorization: 'Basic !' } }]) {
    const { answer, identity } = await world.go(request, { anonymous: 'nobody' });
    t.is(answer, undefined);
    t.true(identity?.anonymous);
  }
  const accepted = await world.go(login('alice:hunter:2 ü'), { anonymous: 'nobody' });
  t.is(accepted.identity?.subject, 'alice@example.test');
});

test('the field goes to the upstream if it may, and fields of other schemes always do', async (t) => {
  await using world = await open(onlyAlice);
  const shown = await world.go(login('alice:hunter:2 ü'), { hide_credentials: false });
  t.false(shown.upstream.has('authorization'));
  const bearer = { headers: { authorization: 'Bearer x' } };
  t.false((await world.go(bearer, { anonymous: 'nobody' })).upstream.has('authorization'));
});

test('an edge whose view of auth’s key is from before a rotation reads it again and is understood', async (t) => {
  await using world = await open(onlyAlice);
  const auth = ringsOf(world.world, 'auth');
  await auth.rotate('messages-auth');
  world.world.clock.advance(60_000);
  await auth.retire('messages-auth', { olderThanMs: 0 });
  await world.reader.reload();
  const sealed = await t.throwsAsync(async () => {
    const old = await ringsOf(world.world, 'edge').openSealer('messages-auth');
    const text = old.sealSecret(Buffer.from('x'), { context: 'c', ttlMs: 1000 });
    world.reader.openSecret(text.replace(/^sp1\.\d+/, 'sp1.1'), { context: 'c' });
  });
  t.true(sealed instanceof UnknownKeyError, 'the first key is gone');
  let outcome = await world.go(login('alice:hunter:2 ü'));
  // The ring is read once a second at most.
  while (outcome.status === 503) outcome = await world.go(login('alice:hunter:2 ü'));
  t.is(outcome.identity?.subject, 'alice@example.test');
});

test('credentials are read as RFC 7617 has them, the charset being UTF-8', (t) => {
  t.deepEqual(basicCredentials('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='), {
    ...{ login: 'Aladdin', password: 'open sesame' },
  });
  t.deepEqual(basicCredentials('Basic dGVzdDoxMjPCow=='), { login: 'test', password: '123£' });
  t.deepEqual(basicCredentials('bAsIc   QWxhZGRpbjpvcGVuIHNlc2FtZQ'), {
    ...{ login: 'Aladdin', password: 'open sesame' },
  });
  for (const text of [
    ...['', 'Basic', 'Basic ', 'Basic=', 'BasicQTpi', 'Basic QTpi x', 'Basic QTpi,', 'Basic QTp=i'],
    ...[
      basic(Buffer.from([0x61, 0x3a, 0xff])),
      basic('a:\u0000'),
      basic('a\n:b'),
      basic('a:b\u0085'),
    ],
    ...['Basic QTpj=', 'Basic QTq', 'Digest QTpi', basic(`${'a'.repeat(1025)}:b`)],
  ]) {
    t.is(basicCredentials(text), undefined, JSON.stringify(text));
  }
});

test('what is read is what was written, for every name and password that may be', (t) => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these may not be in them.
  const control = /[\u0000-\u001f\u007f-\u009f]/;
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .filter((s) => !control.test(s));
  fc.assert(
    fc.property(
      text.filter((name) => !name.includes(':')),
      text,
      (name, password) => {
        const read = basicCredentials(basic(`${name}:${password}`));
        return read?.login === name && read.password === password;
      },
    ),
    runs(1000, 50_000),
  );
  t.pass();
});

test('whatever an Authorization field holds, nothing throws and nobody is let in', async (t) => {
  await using world = await open(() => ({ verdict: 'reject' }));
  const bytes = fc.uint8Array({ maxLength: 120 });
  const field = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    bytes.map((all) => Buffer.from(all).toString('latin1')),
    bytes.map((all) => basic(Buffer.from(all))),
    fc
      .tuple(bytes, fc.constantFrom('=', '==', ' ', '-', '\t'))
      .map(([all, end]) => basic(Buffer.from(all)) + end),
    fc
      .tuple(bytes, bytes)
      .map(([name, password]) => basic(Buffer.concat([name, Buffer.from(':'), password]))),
  );
  await fc.assert(
    fc.asyncProperty(field, async (authorization) => {
      const { status, identity } = await world.go({ headers: { authorization } });
      return status === 401 && identity === undefined;
    }),
    runs(500, 20_000),
  );
  t.pass();
});
