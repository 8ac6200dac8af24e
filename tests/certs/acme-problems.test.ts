import { createAcmeIssuer, type IssueProblem } from '@sallyport/certs';
import { generatePrivateKey } from '@sallyport/pki';
import { systemClock } from '@sallyport/runtime';
import test from 'ava';
import { type Scripted, startScriptedCa } from './scripted-ca.ts';
import { openTestRings, openTestStore } from './world.ts';

/** The problem of an issuance at a CA that answers new orders so. */
async function problemAfter(newOrder: (base: string) => Scripted): Promise<IssueProblem> {
  await using stack = new AsyncDisposableStack();
  const ca = stack.use(await startScriptedCa(newOrder));
  const store = stack.use(await openTestStore());
  const { accounts } = await openTestRings();
  const issuer = stack.use(
    createAcmeIssuer(
      { space: store.space('acme'), ring: accounts, clock: systemClock },
      {
        ...{ name: 'scripted', directory: ca.directory, trust: ca.trust },
        ...{ termsOfServiceAgreed: true, scope: 'any', timeoutMs: 2000 },
      },
    ),
  );
  const challenges = { publish: () => Promise.reject(new Error('nothing to publish')) };
  const key = await generatePrivateKey('ec-p256');
  const result = await issuer.issue(
    { names: ['x.test'], key, challenges },
    new AbortController().signal,
  );
  if (result.issued) throw new Error('a certificate was issued');
  return result.problem;
}

const problem = (status: number, type: string, headers = {}): Scripted => ({
  status,
  headers,
  body: { type, detail: 'says the CA' },
});
const urn = (type: string) => `urn:ietf:params:acme:error:${type}`;

const MAPPED: [status: number, type: string, reason: IssueProblem['reason']][] = [
  [429, urn('rateLimited'), 'rate-limited'],
  [429, 'about:blank', 'rate-limited'],
  [400, urn('rejectedIdentifier'), 'names'],
  [403, urn('caa'), 'names'],
  [403, urn('unauthorized'), 'account'],
  [403, urn('userActionRequired'), 'account'],
  [500, urn('serverInternal'), 'server'],
  [503, 'about:blank', 'server'],
  [400, urn('malformed'), 'protocol'],
  [400, urn('of-the-future'), 'protocol'],
];

for (const [status, type, reason] of MAPPED) {
  test(`a problem ${type} with status ${status} is called ${reason}`, async (t) => {
    const found = await problemAfter(() => problem(status, type));
    t.deepEqual(found, { reason, type, detail: 'says the CA', elsewhere: true });
  });
}

test('Retry-After is told at once, in seconds and as a date, however far it is', async (t) => {
  const began = performance.now();
  const seconds = await problemAfter(() =>
    problem(429, urn('rateLimited'), { 'retry-after': '7200' }),
  );
  t.is(seconds.retryAfterMs, 7_200_000);
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  const dated = await problemAfter(() =>
    problem(503, urn('serverInternal'), { 'retry-after': date }),
  );
  t.true(Math.abs((dated.retryAfterMs as number) - 3_600_000) < 60_000);
  t.true(performance.now() - began < 60_000);
});

const GARBAGE: [what: string, answer: (base: string) => Scripted][] = [
  ['no Location', () => ({ status: 201, body: {} })],
  ['text that is no chain', () => ({ status: 201, body: '<html>' })],
  [
    'JSON that is none',
    () => ({ status: 201, headers: { 'content-type': 'application/json' }, body: '{' }),
  ],
  [
    'JSON that is no object',
    () => ({ status: 201, headers: { 'content-type': 'application/json' }, body: '7' }),
  ],
  [
    'more than any answer has',
    () => ({ status: 201, headers: { 'content-type': 'text/plain' }, body: 'x'.repeat(2 ** 21) }),
  ],
  [
    'links that aren’t https',
    (base) => ({
      status: 201,
      headers: { location: `${base}/o/1` },
      body: { status: 'pending', authorizations: ['http://127.0.0.1:1/'] },
    }),
  ],
  [
    'an authorization without challenges',
    (base) => ({
      status: 201,
      headers: { location: `${base}/o/1` },
      body: { status: 'pending', authorizations: [`${base}/account`] },
    }),
  ],
];

for (const [what, answer] of GARBAGE) {
  test(`a CA that answers with ${what} is a protocol problem`, async (t) => {
    t.is((await problemAfter(answer)).reason, 'protocol');
  });
}

test('nonces refused again and again are a protocol problem, after six tries', async (t) => {
  let tries = 0;
  const found = await problemAfter(() => {
    tries += 1;
    return problem(400, urn('badNonce'));
  });
  t.is(found.reason, 'protocol');
  t.is(tries, 6);
});
