import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { runServiceCommand } from '../../infra/cli/src/commands/run.ts';
import { startCommand } from '../../infra/cli/src/commands/start.ts';
import { testWith } from '../world/needs.ts';
import { type Program, tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';
import { ended, linesToCopy, portOf, root, sallyport, shell, welcome } from './start-world.ts';

const test = testWith('curl');

/** Runs a line to copy; what it printed. */
async function copied(line: string | undefined): Promise<string> {
  await using run = shell(line ?? 'exit 99');
  const { code, output } = await ended(run);
  if (code !== 0) throw new Error(`${line}: ${code} ${output}`);
  return output;
}

/** SHA-256 of the certificate that is shown for the name of the lines. */
async function fingerprint(printed: string, authority: string): Promise<string> {
  const socket = connect({
    ...{ host: '127.0.0.1', port: Number(portOf(printed, 'edge', 'https')) },
    ...{ servername: 'never-seen-before.example', ca: await readFile(authority) },
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.once('error', reject);
  socket.once('secureConnect', () => resolve(socket.getPeerCertificate().fingerprint256));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

async function stopped(program: Program): Promise<unknown> {
  program.child.kill('SIGTERM');
  return (await ended(program)).code;
}

test.serial(
  'the lines it prints work as printed, and what they did is known after a restart',
  async (t) => {
    await using dir = await tempDir();
    // A path that a shell must be told how to read.
    const data = join(dir.path, "it's here");
    let before: string;
    let authority: string;
    {
      await using system = sallyport(['start', '--data', data]);
      const printed = await welcome(system);
      const [first, login, visit, events] = linesToCopy(printed);
      t.regex(await copied(first), /Hello from behind the gate.*known as +nobody/s);
      const cookies = join(data, 'cookies.txt');
      t.regex(await copied(login), /known as +alice/);
      t.regex(await readFile(cookies, 'utf8'), /^#HttpOnly_never-seen-before\.example.*/m);
      t.false(visit?.includes('--user'));
      t.regex(await copied(visit), /known as +alice/);
      await t.throwsAsync(copied(visit?.replace(/--cookie '[^']*'\\''[^']*'/, '--fail')), {
        message: /401/,
      });
      const shown = await eventsShown(events as string, [
        'tls.handshake-completed',
        'certs.issued',
        'auth.decided',
        'session.created',
      ]);
      const [, password] = /--user \w+:(\S+)/.exec(login ?? '') ?? [];
      t.truthy(password);
      t.false(shown.includes(password as string));
      authority = await readFile(join(data, 'ca.pem'), 'utf8');
      before = await fingerprint(printed, join(data, 'ca.pem'));
      t.is(await stopped(system), 0);
    }
    await using again = sallyport(['start', '--data', data]);
    const printed = await welcome(again);
    t.is(await readFile(join(data, 'ca.pem'), 'utf8'), authority);
    t.regex(await copied(linesToCopy(printed)[2]), /known as +alice/);
    t.is(await fingerprint(printed, join(data, 'ca.pem')), before);
    // Killed without warning, nothing that was answered is lost, and the directory isn't taken.
    await again.stop('SIGKILL');
    await using third = sallyport(['start', '--data', data]);
    const later = await welcome(third);
    t.regex(await copied(linesToCopy(later)[2]), /known as +alice/);
    t.is(await fingerprint(later, join(data, 'ca.pem')), before);
    t.is(await stopped(third), 0);
  },
);

/** Runs the line that follows events in a terminal of its own until it has shown all `types`, then Ctrl-C. */
async function eventsShown(line: string, types: readonly string[]): Promise<string> {
  const child = spawn('bash', ['-c', line], {
    ...{ cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const interrupt = () => process.kill(-(child.pid as number), 'SIGINT');
  try {
    await until(() => types.every((type) => text.includes(type)), `events: ${text}`, 30_000);
  } finally {
    interrupt();
  }
  await until(() => child.exitCode !== null || child.signalCode !== null, 'the end of tail');
  return text;
}

test.serial(
  'a second start on the same data, or on the same port, says so and exits 73',
  async (t) => {
    await using dir = await tempDir();
    const data = join(dir.path, 'data');
    await using system = sallyport(['start', '--data', data]);
    const printed = await welcome(system);
    const https = portOf(printed, 'edge', 'https');
    await using onData = sallyport(['start', '--data', data]);
    await using onPort = sallyport(['start', '--data', join(dir.path, 'other')], {
      SALLYPORT_EDGE__HTTPS__PORT: https,
    });
    const sameData = await ended(onData);
    t.is(sameData.code, 73, sameData.output);
    t.true(sameData.output.includes(data), sameData.output);
    t.regex(sameData.output, /^sallyport start: .*in use/m);
    const samePort = await ended(onPort);
    t.is(samePort.code, 73, samePort.output);
    t.regex(samePort.output, new RegExp(`^sallyport start: 127\\.0\\.0\\.1:${https}.*used`, 'm'));
    t.regex(await copied(linesToCopy(printed)[0]), /Hello/);
    t.is(await stopped(system), 0);
  },
);

test.serial('wrong settings are all named, and exit 78', async (t) => {
  await using dir = await tempDir();
  const config = join(dir.path, 'sallyport.yaml');
  await writeFile(config, 'certs:\n  obtain:\n    wait: soon\nedge:\n  htps: {}\n');
  await using wrong = sallyport(['start', '--data', join(dir.path, 'data')], {
    SALLYPORT_CONFIG: config,
    SALLYPORT_EDGE__HTTP__PORT: '99999',
    SALLYPORT_AUTH__HTTP__PROT: '1',
  });
  const { code, output } = await ended(wrong);
  t.is(code, 78);
  for (const mistake of [
    /certs\.obtain\.wait.*"soon"/,
    /edge\.htps.*did you mean https/,
    /SALLYPORT_EDGE__HTTP__PORT.*99999/,
    /SALLYPORT_AUTH__HTTP__PROT/,
  ]) {
    t.regex(output, mistake);
  }
});

test.serial('with a configuration file of the user there is no demonstration', async (t) => {
  await using dir = await tempDir();
  const config = join(dir.path, 'sallyport.yaml');
  await writeFile(config, '# mine\n');
  await using system = sallyport(['start', '--data', join(dir.path, 'data')], {
    SALLYPORT_CONFIG: config,
  });
  t.deepEqual(linesToCopy(await welcome(system)), []);
  t.is(await stopped(system), 0);
});

test.serial(
  'Ctrl-C ends it at every stage of its start, and it starts again afterwards',
  async (t) => {
    await using dir = await tempDir();
    const data = join(dir.path, 'data');
    for (const wait of [60, 200, 500, 900, 1400]) {
      await using system = sallyport(['start', '--data', data]);
      const interrupt = setTimeout(() => system.child.kill('SIGINT'), wait);
      const { code, output } = await ended(system);
      clearTimeout(interrupt);
      // Before the program has begun to listen for it, the signal does what it does to any.
      t.true([0, 130, 'SIGINT'].includes(code as never), `after ${wait} ms: ${code} ${output}`);
    }
    await using system = sallyport(['start', '--data', data]);
    t.regex(await copied(linesToCopy(await welcome(system))[1]), /known as +alice/);
    t.is(await stopped(system), 0);
  },
);

test.serial(
  'directories that can not be, and words it does not know, are said in a line',
  async (t) => {
    await using dir = await tempDir();
    const file = join(dir.path, 'file');
    await writeFile(file, '');
    for (const [words, code, said] of [
      [['start', '--data', file], 78, /must be a directory.*file/],
      [['start', '--data', join(file, 'below')], 78, /must be a directory.*below/],
      [['start', '--data', ''], 64, /'' must be a directory/],
      [['start', 'now'], 64, /now/],
      [['cluster', '--data', ''], 64, /'' must be a directory/],
      [['cluster', '--data', file], 78, /must be a directory.*file/],
      [['run', 'everything'], 64, /everything/],
    ] as const) {
      await using wrong = sallyport(words);
      const end = await ended(wrong);
      t.is(end.code, code, `${words.join(' ')}: ${end.output}`);
      t.regex(end.output, said);
      t.notRegex(end.output, /\n +at /);
    }
  },
);

test.serial('a signal that comes while the program is still loaded is not lost', async (t) => {
  const terminal = { stdout: process.stdout, stderr: process.stderr };
  const interrupted = AbortSignal.abort(new Error('interrupted'));
  await t.throwsAsync(startCommand.run([], terminal, interrupted), { message: 'interrupted' });
  await t.throwsAsync(runServiceCommand.run(['edge'], terminal, interrupted), {
    message: 'interrupted',
  });
});
