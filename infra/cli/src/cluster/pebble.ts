import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { logFile } from './brokers.ts';
import { fetchText, writeServerCertificate } from './pebble-server.ts';
import { portOn } from './ports.ts';
import type { ProgramPlan } from './program.ts';

/** A private ACME CA for trying things out, letsencrypt/pebble, and the DNS it asks. */
export interface PebblePlan {
  /** In the order to start them. */
  readonly programs: readonly ProgramPlan[];
  /** The issuer, for section `certs`. */
  readonly issuer: object;
  /**
   * PEM file of its roots. It makes a new one at every start, and certificates from earlier starts are still served, so
   * that one is added by {@link PebblePlan.learnRoot} each time.
   */
  readonly roots: string;
  learnRoot(): Promise<void>;
  /** Gives a name this address; names that weren't given one have that of the first edge. */
  setAddress(name: string, address: string): Promise<void>;
}

const HOST = '127.0.0.1';

export interface ValidationPorts {
  /** Where edges listen: it validates at the address of the name, on these ports. */
  readonly http: number;
  readonly https: number;
  /** Of the first edge. */
  readonly address: string;
}

export async function pebblePlan(data: string, edges: ValidationPorts): Promise<PebblePlan> {
  const home = join(data, 'pebble');
  await mkdir(home, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(home, name);
  const [dns, dnsControl, port, control] = await Promise.all([
    portOn([HOST]),
    portOn([HOST]),
    portOn([HOST]),
    portOn([HOST]),
  ]);
  const trust = await writeServerCertificate(home);
  const settings = {
    listenAddress: `${HOST}:${port}`,
    managementListenAddress: `${HOST}:${control}`,
    certificate: file('cert.pem'),
    privateKey: file('key.pem'),
    httpPort: edges.http,
    tlsPort: edges.https,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
    certificateValidityPeriod: 6 * 86_400,
  };
  await writeFile(file('pebble.json'), JSON.stringify({ pebble: settings }));
  await writeFile(file('trust.pem'), trust);
  const agent = new Agent({ ca: trust });
  const directory = `https://${HOST}:${port}/dir`;
  const rootOf = () => fetchText(`https://${HOST}:${control}/roots/0`, agent);
  return {
    programs: [
      {
        name: 'pebble-dns',
        command: 'pebble-challtestsrv',
        args: [
          ...['-dns01', `${HOST}:${dns}`, '-management', `${HOST}:${dnsControl}`],
          ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
          ...['-defaultIPv4', edges.address, '-defaultIPv6', ''],
        ],
        log: logFile(data, 'pebble-dns'),
        ready: async () => (await fetch(`http://${HOST}:${dnsControl}/`)).status > 0,
      },
      {
        name: 'pebble',
        command: 'pebble',
        args: ['-strict', '-config', file('pebble.json'), '-dnsserver', `${HOST}:${dns}`],
        env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' },
        log: logFile(data, 'pebble'),
        ready: async () => (await fetchText(directory, agent)) !== '' && (await rootOf()) !== '',
      },
    ],
    issuer: {
      ...{ kind: 'acme', name: 'pebble', directory, trust: file('trust.pem') },
      ...{ terms_agreed: true, scope: 'any' },
    },
    roots: file('roots.pem'),
    learnRoot: async () => appendFile(file('roots.pem'), await rootOf()),
    async setAddress(name, address) {
      await fetch(`http://${HOST}:${dnsControl}/add-a`, {
        method: 'POST',
        body: JSON.stringify({ host: `${name}.`, addresses: [address] }),
      });
    },
  };
}
