import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createMasterKeyFile } from '@sallyport/pki';
import { operatorTokenFile } from '../house/operator-token.ts';
import { applyStreams, type BrokerPlaces, natsPlan, redisPlan } from './brokers.ts';
import { claimDirectory } from './claim.ts';
import { MissingProgramError } from './errors.ts';
import { brokerPasswords } from './passwords.ts';
import { type PebblePlan, pebblePlan } from './pebble.ts';
import { portOn } from './ports.ts';
import { createProgram, installed, type Program, type ProgramPlan } from './program.ts';
import { EDGES, NODES, type NodeName, nodePlans, nodeProgram } from './services.ts';
import { startWarden } from './warden.ts';

export interface ClusterOptions {
  /** What it keeps; taken for this cluster alone. */
  readonly data: string;
  /** Sections over those of the cluster's own. */
  readonly settings: Readonly<Record<string, object>>;
  /** Whether pebble is the CA; without it the internal one is. */
  readonly pebble: boolean;
  /** Whether the usual ports are taken where they are free; otherwise any. */
  readonly usualPorts: boolean;
  /** Told when a program ended that nobody stopped. */
  readonly onExit: (name: string, code: string) => void;
}

/** A whole cluster on this machine: private brokers, two edges, one of each worker, each a process of its own. */
export interface Cluster extends AsyncDisposable {
  readonly edges: Readonly<Record<keyof typeof EDGES, string>>;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Control's listener. */
  readonly api: string;
  /** File with its token. */
  readonly tokenFile: string;
  /** The HTTP door of auth. */
  readonly auth: string;
  /** The private listener of a process: `/readyz` there tells who sends it work. */
  probe(name: NodeName): string;
  /** PEM file of who signs the certificates, once a process that knows has started. */
  readonly authority: string;
  readonly pebble: PebblePlan | undefined;
  readonly brokers: BrokerPlaces;
  node(name: NodeName): Program;
  broker(name: 'nats' | 'redis'): Program;
  /** Everything, in order; resolves when all answer. */
  start(signal: AbortSignal): Promise<void>;
}

const NEEDED = { 'nats-server': 'nats-server', 'redis-server': 'redis-server' } as const;

/** `MissingProgramError` when a broker isn't installed, `InUseError` when another cluster has the directory. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const missing = Object.keys(NEEDED).filter((program) => !installed(program));
  if (missing.length > 0) {
    throw new MissingProgramError(
      `${missing.join(' and ')} must be on PATH; on Debian, as root: apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`,
    );
  }
  await using stack = new AsyncDisposableStack();
  const data = resolve(options.data);
  for (const folder of ['keys', 'log', ...NODES]) {
    await mkdir(join(data, folder), { recursive: true, mode: 0o700 });
  }
  stack.use(await claimDirectory(data));
  const warden = stack.use(await startWarden(data));
  const passwords = await brokerPasswords(data);
  await createMasterKeyFile(join(data, 'keys', 'master'));
  const tokenFile = await operatorTokenFile(data);
  const hosts = Object.values(EDGES);
  const usual = (port: number) => (options.usualPorts ? port : 0);
  const ports = {
    http: await portOn(hosts, usual(8000)),
    https: await portOn(hosts, usual(8443)),
    api: await portOn(['127.0.0.1'], usual(8001)),
    auth: await portOn(['127.0.0.1'], usual(9080)),
    probes: Object.fromEntries(
      await Promise.all(
        NODES.map(async (name) => [
          name,
          await portOn([name in EDGES ? EDGES[name as keyof typeof EDGES] : '127.0.0.1']),
        ]),
      ),
    ) as Record<string, number>,
  };
  const places: BrokerPlaces = {
    ...{ data, passwords },
    natsPort: await portOn(['127.0.0.1']),
    redisPort: await portOn(['127.0.0.1']),
  };
  const pebble = options.pebble
    ? await pebblePlan(data, { ...ports, address: EDGES['edge-a'] })
    : undefined;
  const config = join(data, 'sallyport.yaml');
  await writeFile(config, settings(places, tokenFile, pebble, options.settings), { mode: 0o600 });

  const stopping = new AbortController();
  const program = (plan: ProgramPlan): Program =>
    stack.use(
      createProgram(plan, {
        onStart: (pid) => warden.started(plan.name, pid),
        onExit: (code) => {
          if (!stopping.signal.aborted) options.onExit(plan.name, code);
        },
      }),
    );
  // Disposed in the reverse order: services end while their brokers are there.
  const nats = program(await natsPlan(places));
  const redis = program(await redisPlan(places));
  const authorities = (pebble?.programs ?? []).map(program);
  const plans = nodePlans(ports);
  const nodes = new Map<string, Program>(
    plans.map((node) => [node.name, program(nodeProgram(node, { data, config, passwords }))]),
  );
  const probes = new Map(
    plans.map(({ name, probe: { host, port } }) => [name, `http://${host}:${port}`]),
  );
  const owned = stack.move();
  owned.defer(() => stopping.abort());
  return {
    edges: EDGES,
    ...{ httpPort: ports.http, httpsPort: ports.https, tokenFile, pebble, brokers: places },
    api: `http://127.0.0.1:${ports.api}`,
    auth: `http://127.0.0.1:${ports.auth}`,
    authority: pebble?.roots ?? join(data, 'certs', 'ca.pem'),
    probe: (name) => probes.get(name) as string,
    node: (name) => nodes.get(name) as Program,
    broker: (name) => (name === 'nats' ? nats : redis),
    async start(signal) {
      await Promise.all([
        nats.start(signal),
        redis.start(signal),
        (async () => {
          for (const authority of authorities) await authority.start(signal);
        })(),
      ]);
      await applyStreams(places, signal);
      await pebble?.learnRoot();
      await Promise.all([...nodes.values()].map((node) => node.start(signal)));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The configuration that all processes share; passwords aren't in it. JSON is YAML. */
function settings(
  { data, natsPort, redisPort }: BrokerPlaces,
  tokenFile: string,
  pebble: PebblePlan | undefined,
  more: ClusterOptions['settings'],
): string {
  const own: Record<string, object> = {
    keys: { master_file: join(data, 'keys', 'master') },
    store: { kind: 'redis', redis: { host: '127.0.0.1', port: redisPort } },
    bus: { kind: 'nats', nats: { servers: [`nats://127.0.0.1:${natsPort}`], streams: 'check' } },
    certs: { issuers: [pebble?.issuer ?? { kind: 'internal', scope: 'any' }] },
    control: { api: { token: `file:${tokenFile}` } },
  };
  const merged = Object.fromEntries(
    [...new Set([...Object.keys(own), ...Object.keys(more)])].map((section) => [
      section,
      { ...own[section], ...more[section] },
    ]),
  );
  return `${JSON.stringify(merged, null, 2)}\n`;
}
