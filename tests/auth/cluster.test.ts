import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { actionsRun } from '@sallyport/contracts';
import { testWith } from '../world/needs.ts';
import { startProgram } from '../world/program.ts';
import { until } from '../world/until.ts';
import { clusterWorld, RIGHT, rule, startAuth, USERS } from './auth-world.ts';

const test = testWith('nats-server', 'redis-server');
const SCRIPT = fileURLToPath(new URL('./auth-process.ts', import.meta.url));

test('Redis and NATS: a process killed between commit and publishing, or after it, leaves each decision and job once.', async (t) => {
  await using world = await clusterWorld();
  const { redis, nats } = world;
  const users = join(world.dir, 'users');
  await writeFile(users, USERS);
  const jobs: string[] = [];
  await (await world.connect('control')).jobs.work(actionsRun, {}, ({ id }) => void jobs.push(id));
  const told: string[] = [];
  for (const how of ['silent', 'deaf']) {
    await using program = startProgram(process.execPath, [
      ...[SCRIPT, String(redis.port), nats.url, users, how],
    ]);
    const door = await until(() => {
      if (program.child.exitCode !== null) throw new Error(program.output());
      return /^door (\S+)$/m.exec(program.output())?.[1];
    }, 'the process listens');
    for (let i = 0; i < 6; i += 1) {
      const answer = await fetch(`${door}/api/v1/generic/json`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{ username: 'alice', password: i % 2 === 0 ? RIGHT.alice : 'x' },
          client_ip: '192.0.2.7',
        }),
      });
      t.is(answer.status, i % 2 === 0 ? 200 : 403);
      told.push(answer.headers.get('x-nauthilus-session') as string);
    }
    if (how === 'deaf') await until(() => program.output().includes('delivered'));
    await program.stop('SIGKILL');
  }
  await using auth = await startAuth(world);
  // What the killed one had claimed is free after ten seconds.
  const both = () => new Set(auth.decided.map((d) => d.decision)).size === 12 && jobs.length >= 12;
  await until(both, 'all decisions and jobs', 25_000);
  t.deepEqual(auth.decided.map(({ decision }) => decision).sort(), told.sort());
  t.deepEqual(jobs.sort(), told.map((id) => `${id}.post.log`).sort());
});

test('Redis and NATS: a ban by one instance holds at the other at once, and after a restart.', async (t) => {
  await using world = await clusterWorld();
  await using a = await startAuth(world, { config: rule(10) });
  await using b = await startAuth(world, { config: rule(10) });
  for (let wave = 0; wave < 4; wave += 1) {
    const guesses = Array.from({ length: 60 }, (_, i) =>
      (i % 2 === 0 ? a : b).login('alice', `guess ${wave} ${i}`),
    );
    for (const { status } of await Promise.all(guesses)) t.is(status, 403);
  }
  t.true(a.hashed.length + b.hashed.length <= 60, 'no more than were in flight');
  for (const instance of [a, b]) {
    t.is((await instance.login('alice', RIGHT.alice)).status, 403);
    t.is((await instance.login('alice', RIGHT.alice, '198.51.100.1')).status, 200);
  }
  await a[Symbol.asyncDispose]();
  await using c = await startAuth(world, { config: rule(10) });
  t.is((await c.login('alice', RIGHT.alice)).status, 403);
});

test('Redis and NATS: each of them away, and both, mean for a login what the table says, and nothing kept is lost.', async (t) => {
  await using world = await clusterWorld();
  const { redis, nats } = world;
  const config = rule(50, { on_failure: 'open' });
  await using auth = await startAuth(world, { config });
  const kept: (string | null)[] = [];
  const login = async (password: string, status: number) => {
    const answer = await auth.login('alice', password);
    t.is(answer.status, status);
    return answer.headers.get('x-nauthilus-session');
  };
  kept.push(await login(RIGHT.alice, 200));

  await nats.kill();
  kept.push(await login(RIGHT.alice, 200), await login('x', 403));
  await redis.kill();
  await login(RIGHT.alice, 500);
  await nats.restart();
  // As soon as the bus is there again: decided by the fail policy, and kept on the bus.
  kept.push(
    await until(async () => {
      const { status, headers } = await auth.login('alice', RIGHT.alice);
      return status === 200 && headers.get('x-nauthilus-session');
    }, 'a login while only the store is away'),
  );
  await redis.restart();
  kept.push(
    await until(async () => {
      const { headers } = await auth.login('alice', RIGHT.alice);
      const event = await auth.event(headers.get('x-nauthilus-session'));
      return event.stages[0]?.outcome === 'pass' && event.decision;
    }, 'brute force counts again'),
  );
  await until(() => kept.every((id) => auth.decided.some(({ decision }) => decision === id)));
  t.is(new Set(auth.decided.map(({ decision }) => decision)).size, auth.decided.length);
});
