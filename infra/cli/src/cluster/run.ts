import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EXIT, systemClock } from '@sallyport/runtime';
import { writeOperatorFile } from '../client/operator-file.ts';
import type { Terminal } from '../command.ts';
import { writeDemoEntities } from '../demo/entities.ts';
import { demoLines } from '../demo/lines.ts';
import { demoLogin } from '../demo/login.ts';
import { demoSettings } from '../demo/settings.ts';
import { createDemoUpstream } from '../demo/upstream.ts';
import { makeDataDirectory } from '../house/data-directory.ts';
import { type Cluster, openCluster } from './cluster.ts';
import { installed } from './program.ts';
import { NODES } from './services.ts';

export interface ClusterRun {
  readonly data: string;
  /** Undefined: where it is installed. */
  readonly pebble: boolean | undefined;
}

/** Between the end of a process that nobody stopped and its next start. */
const AGAIN_MS = 1000;

/** Runs a cluster with the demonstration until `signal` aborts. */
export async function runCluster(
  options: ClusterRun,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const began = performance.now();
  const data = resolve(options.data);
  const pebble = options.pebble ?? ['pebble', 'pebble-challtestsrv'].every(installed);
  const say = (text: string) => terminal.stdout.write(`${text}\n`);
  await using stack = new AsyncDisposableStack();
  await makeDataDirectory(data);
  const login = await demoLogin(data, signal);
  let cluster: Cluster | undefined;
  const again = async (name: string, code: string) => {
    say(`${name} ended (${code}); it is started again. Its log: ${data}/log/${name}.log`);
    await systemClock.sleep(AGAIN_MS, signal);
    const node = NODES.find((known) => known === name);
    await (node === undefined
      ? cluster?.broker(name as 'nats' | 'redis')
      : cluster?.node(node)
    )?.start(signal);
  };
  cluster = stack.use(
    await openCluster({
      ...{ data, pebble, usualPorts: true, settings: demoSettings(login) },
      onExit: (name, code) => {
        again(name, code).catch((error: Error) => {
          if (!signal.aborted) say(`${name} doesn't start: ${error.message}`);
        });
      },
    }),
  );
  say(`starting brokers${pebble ? ', pebble' : ''} and ${NODES.length} services …`);
  await cluster.start(signal);
  const upstream = stack.use(createDemoUpstream());
  await upstream.start(signal);
  const token = (await readFile(cluster.tokenFile, 'utf8')).trim();
  await writeDemoEntities({ url: cluster.api, token }, upstream.url as string, signal);
  await writeOperatorFile(data, { url: cluster.api, token });

  say('');
  for (const [name, address] of Object.entries(cluster.edges)) {
    say(
      `  ${name}   https://${address}:${cluster.httpsPort}  http://${address}:${cluster.httpPort}`,
    );
  }
  say(`  control  ${cluster.api}`);
  say(`  auth     ${cluster.auth}`);
  say(`  nats     nats://127.0.0.1:${cluster.brokers.natsPort}`);
  say(`  redis    127.0.0.1:${cluster.brokers.redisPort}`);
  say(
    pebble
      ? '  CA       pebble, by ACME'
      : '  CA       internal (pebble is not installed or not wanted)',
  );
  say('');
  for (const [i, { shows, line }] of linesOf(cluster, options, login).entries()) {
    say(`# ${shows}${i === 2 ? ' At the other edge.' : ''}\n${line}\n`);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  say(`Ready after ${seconds} s. Data and logs are in ${data}. Ctrl-C ends it.`);
  await until(signal);
  say('ending …');
  await cluster[Symbol.asyncDispose]();
  return EXIT.ok;
}

/** The last visit goes to the other edge: the session is known there too. */
function linesOf(cluster: Cluster, options: ClusterRun, login: { name: string; password: string }) {
  const place = {
    ...{ port: cluster.httpsPort, authority: cluster.authority, login },
    ...{ cookies: `${resolve(options.data)}/cookies.txt`, data: options.data },
  };
  const a = demoLines({ ...place, address: cluster.edges['edge-a'] });
  const b = demoLines({ ...place, address: cluster.edges['edge-b'] });
  return a.map((line, i) => (i === 2 ? (b[i] as typeof line) : line));
}

async function until(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve: ended } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => ended(), { once: true });
  await promise;
}
