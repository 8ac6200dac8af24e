import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, exitCodeOf } from '@sallyport/runtime';
import test from 'ava';
import { until } from '../world/until.ts';
import { configOf, embeddedWorld, RIGHT, startAuth, USERS } from './auth-world.ts';

const SSHA = '{SSHA256}CFsq5JPfiBQ0W3uR5Dnao+9mknEq9a739V+FPkJ6yjABAgMEBQYHCA==';

test('Users of several schemes log in, comments and empty lines are skipped.', async (t) => {
  await using world = await embeddedWorld();
  const users = [
    '# users of the test',
    '',
    'argon:$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    'sha:$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1\r',
    'bcrypt:$2y$05$11ipvo5dR6CwkzwmhwM26OXgzXwhV2PyPuLV.Qi31ILcRcThQpEiW::color=red:color=blue',
  ].join('\n');
  await using auth = await startAuth(world, { users });
  t.is((await auth.ask({ login: 'argon', clear: 'password' })).verdict, 'accept');
  t.is((await auth.ask({ login: 'sha', clear: 'Hello world!' })).verdict, 'accept');
  t.like(await auth.ask({ login: 'bcrypt', clear: 'test' }), {
    ...{ verdict: 'accept', account: 'bcrypt', attributes: { color: ['red', 'blue'] } },
  });
  t.is((await auth.ask({ login: '# users of the test', clear: 'x' })).reason, 'unknown-user');
});

test('Every mistake of a users file is told with its line and rule, and nothing of a hash.', async (t) => {
  await using world = await embeddedWorld();
  const users = [
    `alice:${SSHA}`,
    'bob',
    'carol:hunter2',
    'dave:$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    `alice:${SSHA}`,
    `:${SSHA}`,
    `eve:${SSHA}:eve:group`,
    `frank:${SSHA}:frank:account=root`,
    `gina:{PLAIN}hunter3`,
    `heidi\u0007:${SSHA}`,
  ].join('\n');
  const error = await t.throwsAsync(startAuth(world, { users }), { instanceOf: ConfigError });
  t.is(exitCodeOf(error), 78);
  const text = error?.message ?? '';
  for (const line of [
    /line 2: must be name:hash/,
    /line 3: hash is unknown-scheme/,
    /line 4: hash is too-costly/,
    /line 5: user is on line 1 already/,
    /line 6: name "" must have/,
    /line 7: attribute "" must be/,
    /line 8: attribute "account" must be/,
    /line 9: hash is not-allowed/,
    /line 10: name "heidi\\u0007" must have/,
  ]) {
    t.regex(text, line);
  }
  t.false(/hunter|c29tZXNhbHQ|CFsq5/.test(text));
  await t.throwsAsync(
    startAuth(world, { config: { backends: [{ kind: 'file', path: '/nowhere/users' }] } }),
    { instanceOf: ConfigError, message: /\/nowhere\/users can't be read/ },
  );
});

test('A changed file is read again; a bad or missing one leaves the users as they were.', async (t) => {
  await using world = await embeddedWorld();
  const path = join(world.dir, 'changing');
  await writeFile(path, USERS);
  const backends = [{ kind: 'file', path, reload: '20ms' }];
  await using auth = await startAuth(world, { config: { backends, brute_force: { rules: [] } } });
  const verdict = async (login: string, clear: string = RIGHT.alice) =>
    (await auth.ask({ login, clear })).verdict;
  t.is(await verdict('alice'), 'accept');
  await writeFile(`${path}.new`, `carol:${SSHA}\n`);
  await rename(`${path}.new`, path);
  await until(async () => (await verdict('carol')) === 'accept');
  t.is(await verdict('alice'), 'reject', 'who is not in the file any more is out');
  await writeFile(path, 'carol\n');
  await until(() => auth.lines.some((line) => line.includes('not taken')));
  t.is(await verdict('carol'), 'accept');
  await rm(path);
  await until(() => auth.lines.filter((line) => line.includes('not taken')).length === 2);
  t.is(await verdict('carol'), 'accept');
  await writeFile(path, USERS);
  await until(async () => (await verdict('alice')) === 'accept');
});

test('Several backends are asked in order, and the first that knows the user has the say.', async (t) => {
  await using world = await embeddedWorld();
  const paths = ['one', 'two'].map((name) => join(world.dir, name));
  await writeFile(paths[0] as string, USERS);
  await writeFile(
    paths[1] as string,
    `alice:{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO\nzoe:${SSHA}\n`,
  );
  const backends = paths.map((path, i) => ({ kind: 'file', name: `file-${i}`, path }));
  await using auth = await startAuth(world, { config: { backends } });
  t.is((await auth.ask({ login: 'zoe', clear: RIGHT.alice })).verdict, 'accept');
  t.is((await auth.ask({ login: 'alice', clear: 'test' })).reason, 'password', 'the second would');
  const { status, text } = await auth.login('zoe', RIGHT.alice);
  t.is(status, 200);
  t.is(JSON.parse(text).Backend, 'file-1');
});

test('Settings that contradict themselves are refused at once, all of them.', async (t) => {
  await using world = await embeddedWorld();
  const config = {
    brute_force: {
      rules: [
        { name: 'a', limit: 1 },
        { name: 'b', ipv4: 24, limit: 1 },
        { name: 'b', ipv4: 8, limit: 1 },
      ],
      exempt: ['192.0.2.0/33', 'example.com'],
    },
    post_actions: ['log', 'log'],
    features: { tls_encryption: { cleartext_networks: ['2001:db8::/129'] } },
  };
  const error = await t.throwsAsync(startAuth(world, { config }), { instanceOf: ConfigError });
  t.deepEqual((error as ConfigError).mistakes.map(({ path }) => path).sort(), [
    'auth.brute_force.exempt.0',
    'auth.brute_force.exempt.1',
    'auth.brute_force.rules.0',
    'auth.brute_force.rules.2',
    'auth.features.tls_encryption.cleartext_networks.0',
    'auth.post_actions.1',
  ]);
});

test('Every setting has a default, and the defaults are sound.', async (t) => {
  const config = await configOf({});
  t.deepEqual(config.backends, []);
  t.is(config.decisions.durability, 'strict');
  t.deepEqual(
    config.brute_force.rules.map(({ name, ipv4, ipv6, period, limit, ban_time }) => [
      ...[name, ipv4, ipv6, period, limit, ban_time],
    ]),
    [
      ['address', 32, 64, 600_000, 20, 1_800_000],
      ['network', 24, 48, 600_000, 100, 1_800_000],
    ],
  );
});
