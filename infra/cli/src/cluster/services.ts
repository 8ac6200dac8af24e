import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServiceName } from '@sallyport/pki';
import { logFile } from './brokers.ts';
import type { BrokerPasswords } from './passwords.ts';
import type { ProgramPlan } from './program.ts';

/** One process of the cluster. */
export interface NodePlan {
  readonly name: string;
  readonly service: ServiceName;
  /** Of its private listener. */
  readonly probe: { readonly host: string; readonly port: number };
  /** Settings of its own. */
  readonly env: Readonly<Record<string, string>>;
}

export interface NodePorts {
  readonly http: number;
  readonly https: number;
  readonly api: number;
  readonly auth: number;
  /** Of each process. */
  readonly probes: Readonly<Record<string, number>>;
}

export const EDGES = { 'edge-a': '127.0.0.2', 'edge-b': '127.0.0.3' } as const;
const WORKERS = ['control', 'sessions', 'certs', 'auth', 'actions'] as const;
/** Names of all processes. */
export const NODES = [...WORKERS, ...(Object.keys(EDGES) as (keyof typeof EDGES)[])] as const;
export type NodeName = (typeof NODES)[number];

const BIN = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url));

/** Two edges on addresses of their own, one of each worker. */
export function nodePlans(ports: NodePorts): NodePlan[] {
  return NODES.map((name) => {
    const service = name in EDGES ? 'edge' : (name as ServiceName);
    const host = name in EDGES ? EDGES[name as keyof typeof EDGES] : '127.0.0.1';
    const probe = { host, port: ports.probes[name] as number };
    const section = service.toUpperCase();
    const env: Record<string, string> = {
      [`SALLYPORT_${section}__PRIVATE__HOST`]: host,
      [`SALLYPORT_${section}__PRIVATE__PORT`]: String(probe.port),
    };
    if (service === 'edge') {
      env['SALLYPORT_EDGE__HTTP__HOST'] = host;
      env['SALLYPORT_EDGE__HTTPS__HOST'] = host;
      env['SALLYPORT_EDGE__HTTP__PORT'] = String(ports.http);
      env['SALLYPORT_EDGE__HTTPS__PORT'] = String(ports.https);
    }
    if (service === 'control') env['SALLYPORT_CONTROL__API__PORT'] = String(ports.api);
    if (service === 'auth') env['SALLYPORT_AUTH__HTTP__PORT'] = String(ports.auth);
    return { name, service, probe, env };
  });
}

/** How the process is started, and when it is ready. Its broker passwords go by the environment, not by the file. */
export function nodeProgram(
  node: NodePlan,
  options: {
    readonly data: string;
    readonly config: string;
    readonly passwords: BrokerPasswords;
  },
): ProgramPlan {
  const { data, config, passwords } = options;
  const password = passwords[node.service];
  return {
    name: node.name,
    command: process.execPath,
    args: [BIN, 'run', node.service],
    env: {
      SALLYPORT_CONFIG: config,
      SALLYPORT_NODE__DATA: join(data, node.name),
      SALLYPORT_NODE__INSTANCE: node.name,
      SALLYPORT_BUS__NATS__PASSWORD: password,
      SALLYPORT_STORE__REDIS__PASSWORD: password,
      ...node.env,
    },
    log: logFile(data, node.name),
    async ready(signal) {
      const { host, port } = node.probe;
      return (await fetch(`http://${host}:${port}/readyz`, { signal })).ok;
    },
  };
}
