import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { EXIT, exitCodeOf } from '@sallyport/runtime';
import test from 'ava';
import { startProgram } from '../world/program.ts';
import { until } from '../world/until.ts';

const PROGRAM = fileURLToPath(new URL('./scripted-process.ts', import.meta.url));

/** Processes at a time: all at once on a small machine, each would take the time of all. */
const slots: Promise<unknown>[] = [1, 2, 3].map(() => Promise.resolve());
let turn = 0;

async function start(script: object) {
  const slot = turn++ % slots.length;
  const before = slots[slot];
  const free = Promise.withResolvers<void>();
  slots[slot] = free.promise;
  await before;
  const program = startProgram(process.execPath, [PROGRAM, JSON.stringify(script)]);
  program.child.once('close', free.resolve);
  const ended = once(program.child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    ...program,
    steps: () =>
      program
        .output()
        .split('\n')
        .filter((line) => line.startsWith('> '))
        .map((line) => line.slice(2))
        .filter((step) => step !== 'settled'),
    saw: (text: string) => until(() => program.output().includes(text), text, 30_000),
    end: async () => {
      const [code, signal] = await ended;
      return code ?? signal;
    },
  };
}

const two = { services: [{ name: 'bus' }, { name: 'edge' }] };

test('services start in order; SIGTERM drains and disposes them last in first out, adapters after them, exit 0', async (t) => {
  await using run = await start(two);
  await run.saw('settled');
  run.child.kill('SIGTERM');
  t.is(await run.end(), 0);
  t.deepEqual(run.steps(), [
    ...['start bus', 'start edge', 'drain edge ready=false', 'drain bus ready=false'],
    ...['dispose edge', 'dispose bus', 'dispose adapter'],
  ]);
});

test('SIGINT ends a process in the same good order', async (t) => {
  await using run = await start(two);
  await run.saw('settled');
  run.child.kill('SIGINT');
  t.is(await run.end(), 0);
});

test('a process whose services hold nothing open keeps running', async (t) => {
  await using run = await start({ services: [] });
  await run.saw('settled');
  t.is(run.child.exitCode, null);
});

test('a drain that outlasts the deadline ends with exit 1', async (t) => {
  await using run = await start({ drainMs: 300, services: [{ name: 'edge', drain: 'forever' }] });
  await run.saw('settled');
  run.child.kill('SIGTERM');
  t.is(await run.end(), 1);
  t.regex(run.output(), /"part":"edge".*not drained before the deadline/);
});

test('a drain that is cut by its signal leaves time to dispose, and is still exit 1', async (t) => {
  await using run = await start({
    drainMs: 400,
    services: [{ name: 'bus' }, { name: 'edge', drain: 'until-aborted' }],
  });
  await run.saw('settled');
  run.child.kill('SIGTERM');
  t.is(await run.end(), 1);
  t.true(run.steps().includes('dispose adapter'));
});

test('a disposal that never ends is left behind at the deadline', async (t) => {
  await using run = await start({ drainMs: 300, services: [{ name: 'edge', dispose: 'forever' }] });
  await run.saw('settled');
  run.child.kill('SIGTERM');
  t.is(await run.end(), 1);
});

test('a failing drain or disposal is exit 1 and keeps nobody else from draining and disposing', async (t) => {
  await using run = await start({
    services: [{ name: 'a' }, { name: 'b', dispose: 'fails' }, { name: 'c', drain: 'fails' }],
  });
  await run.saw('settled');
  run.child.kill('SIGTERM');
  t.is(await run.end(), 1);
  t.deepEqual(run.steps().slice(-6), [
    ...['drain b ready=false', 'drain a ready=false'],
    ...['dispose c', 'dispose b', 'dispose a', 'dispose adapter'],
  ]);
});

test('a second signal after a while ends the process at once with 128 and its number', async (t) => {
  await using run = await start({ services: [{ name: 'edge', drain: 'forever' }] });
  await run.saw('settled');
  run.child.kill('SIGTERM');
  await run.saw('drain edge');
  await until(() => run.child.exitCode !== null || (run.child.kill('SIGINT') && false));
  t.is(await run.end(), 130);
});

test('a second signal right after the first is the same wish and forces nothing', async (t) => {
  await using run = await start({ forceAfterMs: 60_000, services: [{ name: 'edge', drain: 200 }] });
  await run.saw('settled');
  run.child.kill('SIGINT');
  await run.saw('drain edge');
  run.child.kill('SIGINT');
  run.child.kill('SIGTERM');
  t.is(await run.end(), 0);
});

test('a signal during the start gives the start up and disposes what had started', async (t) => {
  await using run = await start({
    services: [{ name: 'a' }, { name: 'b', start: 'waits' }, { name: 'c' }],
  });
  await run.saw('start b');
  run.child.kill('SIGTERM');
  t.is(await run.end(), 0);
  t.false(run.steps().includes('start c'));
  t.deepEqual(run.steps().slice(-3), ['dispose b', 'dispose a', 'dispose adapter']);
});

for (const [title, service, code] of [
  ['for no known reason', { start: 'fails' }, 1],
  ['because a port is taken', { start: { code: 'EADDRINUSE' } }, 73],
  ['because a broker refuses, said by a cause', { start: { wrapped: 'ECONNREFUSED' } }, 69],
  ['because the store is away', { start: { code: 'SP_ERR_STORE_UNAVAILABLE' } }, 69],
  ['with a code of the caller’s own table', { start: { code: 'SP_ERR_OF_A_TEST' } }, 42],
] as const) {
  test(`a start that fails ${title} is exit ${code}, and what had started is disposed`, async (t) => {
    await using run = await start({ services: [{ name: 'a' }, { name: 'b', ...service }] });
    t.is(await run.end(), code);
    t.deepEqual(run.steps().slice(-3), ['dispose b', 'dispose a', 'dispose adapter']);
  });
}

test('a bad configuration is printed for people with all mistakes, exit 78, adapters given back', async (t) => {
  await using run = await start({ badConfig: true, services: [] });
  t.is(await run.end(), 78);
  t.regex(run.output(), /has 2 mistakes:\n {2}one \(bad.yaml:1\).*\n {2}two \(bad.yaml:2\)/);
  t.true(run.steps().includes('dispose adapter'));
});

test('a part that can’t go on ends the process in good order with the code of its error', async (t) => {
  await using run = await start({
    services: [{ name: 'a' }, { name: 'b', gone: 'SP_ERR_STORE_UNAVAILABLE' }],
  });
  t.is(await run.end(), 69);
  t.deepEqual(run.steps().slice(-5), [
    ...['drain b ready=false', 'drain a ready=false', 'dispose b', 'dispose a', 'dispose adapter'],
  ]);
});

for (const crash of ['throws', 'rejects'] as const) {
  test(`an error nobody catches (${crash}) is logged without its secrets, drained briefly, exit 70`, async (t) => {
    await using run = await start({ services: [{ name: 'edge', crash }] });
    t.is(await run.end(), 70);
    t.regex(run.output(), /"level":"error".*uncaught error/);
    t.true(run.steps().includes('dispose edge'));
    t.notRegex(run.output(), /"password":"hunter2"/);
  });
}

test('a crash with a drain that hangs ends after the short deadline, still with exit 70', async (t) => {
  await using run = await start({
    crashDrainMs: 200,
    services: [{ name: 'edge', crash: 'throws', drain: 'forever' }],
  });
  t.is(await run.end(), 70);
});

test('errors that come again and again don’t keep the process alive', async (t) => {
  await using run = await start({
    crashDrainMs: 60_000,
    services: [{ name: 'edge', crash: 'again-and-again', drain: 'forever' }],
  });
  t.is(await run.end(), 70);
});

test('SIGHUP reloads and the process goes on, also when the reload fails', async (t) => {
  for (const reload of ['ok', 'fails'] as const) {
    await using run = await start({ ...two, reload });
    await run.saw('settled');
    run.child.kill('SIGHUP');
    await run.saw(reload === 'ok' ? '"reloaded"' : 'not reloaded');
    run.child.kill('SIGHUP');
    await until(() => run.steps().filter((s) => s === 'reload').length === 2);
    run.child.kill('SIGTERM');
    t.is(await run.end(), 0);
  }
});

test('SIGHUP without a reload hook doesn’t end the process', async (t) => {
  await using run = await start(two);
  await run.saw('settled');
  run.child.kill('SIGHUP');
  await run.saw('nothing to reload');
  run.child.kill('SIGTERM');
  t.is(await run.end(), 0);
});

test('a process whose stdout reader went away neither ends nor loops, and still obeys SIGTERM', async (t) => {
  await using run = await start({
    chatter: true,
    stdoutReaderGone: true,
    services: [{ name: 'edge' }],
  });
  run.child.stdout?.destroy();
  await run.saw('> up');
  const cpuMs = async () => {
    const { readFile } = await import('node:fs/promises');
    const fields = (await readFile(`/proc/${run.pid}/stat`, 'utf8')).split(' ');
    return (Number(fields[13]) + Number(fields[14])) * 10;
  };
  const before = await cpuMs();
  const began = performance.now();
  await until(() => performance.now() - began > 400);
  t.is(run.child.exitCode, null);
  t.true((await cpuMs()) - before < 300, 'it burns CPU');
  run.child.kill('SIGTERM');
  t.is(await run.end(), 0);
});

test('exit codes are found through causes, aggregates and suppressed errors, and cycles end', (t) => {
  const coded = (code: string, options?: ErrorOptions) =>
    Object.assign(new Error(code, options), { code });
  t.is(exitCodeOf(new Error('plain')), EXIT.failed);
  t.is(exitCodeOf('not even an error'), EXIT.failed);
  t.is(exitCodeOf(coded('__proto__')), EXIT.failed);
  t.is(exitCodeOf(new AggregateError([new Error('x'), coded('EADDRINUSE')])), EXIT.inUse);
  t.is(
    exitCodeOf(new SuppressedError(new Error('x'), coded('ECONNREFUSED'), 'm')),
    EXIT.unavailable,
  );
  t.is(exitCodeOf(coded('SP_ERR_CONFIG', { cause: coded('ECONNREFUSED') })), EXIT.config);
  t.is(exitCodeOf(coded('EADDRINUSE'), { EADDRINUSE: 5 }), 5);
  const a = new Error('a');
  a.cause = new Error('b', { cause: a });
  t.is(exitCodeOf(a), EXIT.failed);
});
