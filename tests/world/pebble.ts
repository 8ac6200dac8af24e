import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { fetchText, writeServerCertificate } from '../../infra/cli/src/cluster/pebble-server.ts';
import { freePort, type Program, startProgram, tempDir } from './program.ts';
import { until } from './until.ts';

/** A private ACME CA (letsencrypt/pebble, strict) on loopback, and the DNS it asks (pebble-challtestsrv). */
export interface Pebble extends AsyncDisposable {
  /** `https://127.0.0.1:<port>/dir`; the same after {@link restart}. */
  readonly directory: string;
  /** Authority of the directory's own TLS certificate, PEM. */
  readonly trust: string;
  /** Where http-01 and tls-alpn-01 are validated, on whatever address the name has. */
  readonly ports: { readonly http: number; readonly tls: number };
  /** External account binding that it insists on, with option `eab`. */
  readonly eab: { readonly kid: string; readonly hmacKey: string } | undefined;
  /** The self-signed root of the chains it issues, PEM; another after each start. */
  root(): Promise<string>;
  /** Gives `name` this address; names that weren't given one have 127.0.0.1. */
  setA(name: string, address: string): Promise<void>;
  /** How many requests of a kind it has answered since its start. `orders`: new ones. */
  count(what: 'accounts' | 'issued' | 'nonces' | 'orders' | 'requests'): number;
  /** Kills it without warning. */
  kill(): Promise<void>;
  /** Starts it again, at the same ports: it has forgotten every account and order. */
  restart(): Promise<void>;
}

export interface PebbleOptions {
  /** Accounts need an external binding. */
  readonly eab?: boolean;
  /** Share of nonces that it refuses, percent. Default 0. */
  readonly badNonces?: number;
}

/** What it prints for each. */
const LINES = {
  accounts: /POST \/sign-me-up ->/g,
  issued: /Issued certificate serial/g,
  nonces: /(?:GET|HEAD) \/nonce-plz ->/g,
  orders: /POST \/order-plz ->/g,
  requests: /(?:GET|HEAD|POST) \/\S+ -> calling handler/g,
} as const;

/** Starts both programs; ready when the directory answers. */
export async function startPebble(options: PebbleOptions = {}): Promise<Pebble> {
  // Neither program can take port 0, and a port that was free a moment ago may be somebody's by now.
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (tries === 5 || !String(error).includes('address already in use')) throw error;
    }
  }
}

async function startOnce(options: PebbleOptions): Promise<Pebble> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const file = (name: string) => join(dir.path, name);
  const trust = await writeServerCertificate(dir.path);
  const [dns, dnsControl, port, control, http, tls] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
    freePort('127.0.0.2'),
    freePort('127.0.0.3'),
  ]);
  const eab =
    options.eab === true
      ? { kid: 'kid-1', hmacKey: randomBytes(32).toString('base64url') }
      : undefined;
  const settings = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${control}`,
    certificate: file('cert.pem'),
    privateKey: file('key.pem'),
    httpPort: http,
    tlsPort: tls,
    ocspResponderURL: '',
    externalAccountBindingRequired: eab !== undefined,
    ...(eab === undefined ? {} : { externalAccountMACKeys: { [eab.kid]: eab.hmacKey } }),
    certificateValidityPeriod: 6 * 86_400,
  };
  await writeFile(file('pebble.json'), JSON.stringify({ pebble: settings }));

  const names = stack.use(
    startProgram('pebble-challtestsrv', [
      ...['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${dnsControl}`],
      ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
      ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''],
    ]),
  );
  const agent = new Agent({ ca: trust });
  const directory = `https://127.0.0.1:${port}/dir`;
  let program: Program;
  const start = async () => {
    program = startProgram(
      'pebble',
      ['-strict', '-config', file('pebble.json'), '-dnsserver', `127.0.0.1:${dns}`],
      {
        env: {
          ...process.env,
          PEBBLE_VA_NOSLEEP: '1',
          PEBBLE_AUTHZREUSE: '0',
          PEBBLE_WFE_NONCEREJECT: String(options.badNonces ?? 0),
        },
      },
    );
    await until(
      async () => {
        for (const running of [program, names]) {
          if (running.child.exitCode !== null) throw new Error(running.output());
        }
        // It opens the port for roots after the other, and dies if that is taken.
        const answers = [`https://127.0.0.1:${control}/roots/0`, directory];
        return await Promise.all(answers.map((url) => fetchText(url, agent))).catch(
          () => undefined,
        );
      },
      'pebble answers',
      20_000,
    );
  };
  stack.defer(() => program?.stop());
  await start();
  const owned = stack.move();
  return {
    directory,
    trust,
    ports: { http, tls },
    eab,
    root: () => fetchText(`https://127.0.0.1:${control}/roots/0`, agent),
    async setA(name, address) {
      const answer = await fetch(`http://127.0.0.1:${dnsControl}/add-a`, {
        method: 'POST',
        body: JSON.stringify({ host: `${name}.`, addresses: [address] }),
      });
      if (!answer.ok) throw new Error(`add-a ${name}: ${answer.status}`);
    },
    count: (what) => [...program.output().matchAll(LINES[what])].length,
    kill: () => program.stop('SIGKILL'),
    restart: start,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
