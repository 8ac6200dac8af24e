import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bornAt } from '../../infra/cli/src/cluster/running.ts';
import { testWith } from '../world/needs.ts';
import { tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';
import { ended, linesToCopy, portOf, sallyport, shell, welcome } from './start-world.ts';

const test = testWith('nats-server', 'redis-server', 'curl');

/** What a line to copy prints. */
async function copied(line: string | undefined): Promise<string> {
  await using run = shell(line ?? 'exit 99');
  const { code, output } = await ended(run);
  if (code !== 0) throw new Error(`${line}: ${code} ${output}`);
  return output;
}

/** The processes that a cluster has started so far. */
async function programsOf(data: string): Promise<readonly number[]> {
  const text = await readFile(join(data, 'programs'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => Number(line.split(' ')[1]));
}

const gone = (pids: readonly number[]) =>
  until(() => pids.every((pid) => bornAt(pid) === undefined), 'its programs have ended', 40_000);

test.serial(
  'two clusters run side by side; one that is killed leaves nothing behind and goes on where it was',
  async (t) => {
    await using dir = await tempDir();
    const [here, there] = [join(dir.path, 'here'), join(dir.path, 'there')];
    const start = (data: string) => sallyport(['cluster', '--no-pebble', '--data', data]);

    await using one = start(here);
    const printed = await welcome(one, 100_000);
    const [first, login, visit] = linesToCopy(printed);
    t.regex(await copied(first), /known as +nobody/);
    t.regex(await copied(login), /known as +alice/);
    // At the other edge.
    t.regex(visit ?? '', /127\.0\.0\.3/);
    t.regex(await copied(visit), /known as +alice/);

    await using two = start(there);
    const other = await welcome(two, 100_000);
    for (const part of ['edge-a', 'control', 'auth']) {
      t.not(portOf(printed, part), portOf(other, part), part);
    }
    t.regex(await copied(linesToCopy(other)[0]), /known as +nobody/);
    t.regex(await copied(visit), /known as +alice/);

    await using twice = start(here);
    const refused = await ended(twice);
    t.is(refused.code, 73);
    t.regex(refused.output, new RegExp(`${here}.*used by process ${one.pid}`));

    const programs = await programsOf(here);
    t.is(programs.length, 9);
    await one.stop('SIGKILL');
    await gone(programs);
    t.regex(await copied(linesToCopy(other)[1]), /known as +alice/);

    await using again = start(here);
    const later = await welcome(again, 100_000);
    t.regex(await copied(linesToCopy(later)[2]), /known as +alice/);
    const all = [...(await programsOf(here)), ...(await programsOf(there))];
    for (const system of [again, two]) system.child.kill('SIGTERM');
    t.is((await ended(again)).code, 0, again.output());
    t.is((await ended(two)).code, 0, two.output());
    t.deepEqual(
      all.filter((pid) => bornAt(pid) !== undefined),
      [],
    );
  },
);

test.serial('Ctrl-C while a cluster starts ends what has been started', async (t) => {
  await using dir = await tempDir();
  await using system = sallyport(['cluster', '--no-pebble', '--data', dir.path]);
  const pids = await until(async () => {
    const found = await programsOf(dir.path).catch(() => []);
    return found.length >= 2 && found;
  }, 'brokers are started');
  system.child.kill('SIGINT');
  t.is((await ended(system)).code, 130, system.output());
  await gone(pids);
});

test.serial('what is killed, with its directory removed, leaves no program either', async (t) => {
  await using dir = await tempDir();
  const data = join(dir.path, 'data');
  await using system = sallyport(['cluster', '--no-pebble', '--data', data]);
  const pids = await until(async () => {
    const found = await programsOf(data).catch(() => []);
    return found.length >= 2 && found;
  }, 'brokers are started');
  await system.stop('SIGKILL');
  await rm(data, { recursive: true, force: true });
  await gone(pids);
  t.pass();
});

test.serial(
  'without brokers it says which are missing and how they are installed, and exits 69',
  async (t) => {
    await using dir = await tempDir();
    await using system = sallyport(['cluster', '--data', dir.path], {
      PATH: dirname(process.execPath),
    });
    const { code, output } = await ended(system);
    t.is(code, 69);
    t.regex(
      output,
      /nats-server and redis-server must be on PATH.*apt-get install .*nats-server redis-server/,
    );
  },
);
