import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { handshakeCompleted, handshakeFailed } from '@sallyport/contracts';
import {
  type Certificate,
  createFront,
  type FrontPorts,
  type FrontSettings,
  type HandshakePolicy,
  type HandshakeReport,
  type SecuredConnection,
} from '@sallyport/edge';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  generatePrivateKey,
  privateKeyPem,
} from '@sallyport/pki';
import { type Clock, createLogger, randomIds, systemClock } from '@sallyport/runtime';
import { startProgram, tempDir } from '../world/program.ts';

const HOUR = 3_600_000;
export const validity = () => ({ notBefore: Date.now() - HOUR, notAfter: Date.now() + HOUR });

export async function authority(commonName: string): Promise<CertificateAuthority> {
  const key = await generatePrivateKey('ec-p256');
  const notBefore = Date.now() - 2 * HOUR;
  return await createCertificateAuthority({
    notBefore,
    notAfter: Date.now() + 2 * HOUR,
    key,
    commonName,
  });
}

/** A leaf of `ca` as a pair; the id is its fingerprint. */
export async function leaf(ca: CertificateAuthority, name: string, usage: 'client' | 'server') {
  const key = await generatePrivateKey('ec-p256');
  const certificate = await ca.issue({
    ...validity(),
    publicKey: key.publicKey,
    commonName: name,
    usages: [usage],
    ...(usage === 'server' ? { dnsNames: [name] } : {}),
  });
  const pair = { chain: certificate + ca.certificate, key: privateKeyPem(key) };
  return { id: new X509Certificate(certificate).fingerprint256, pairs: [pair] };
}

export const plain: HandshakePolicy = {
  alpn: ['http/1.1'],
  minVersion: 'TLSv1.2',
  tickets: true,
  clientCertificate: 'off',
};

/** The machine's clock, whose date can be moved; its timers can't. */
export function movableClock() {
  let offset = 0;
  return {
    ...systemClock,
    now: () => Date.now() + offset,
    move: (ms: number) => {
      offset += ms;
    },
  };
}

/** What the front's test server says about a connection. */
export interface Said {
  id: string;
  handshake: string;
  serverName?: string;
  alpn?: string;
  protocol: string;
  resumed: boolean;
  verified?: boolean;
  fault?: string;
  fingerprint?: string;
  chain?: number;
}

/** Answers with an HTTP response at once, whatever is asked. */
function answer({ socket, clientCertificate: shown, ...connection }: SecuredConnection): void {
  const { id, handshake, serverName, alpn, protocol, resumed } = connection;
  const said = { id, handshake, serverName, alpn, protocol, resumed };
  const { verified, fault, fingerprint, chain } = shown ?? {};
  const body = `${JSON.stringify({ ...said, verified, fault, fingerprint, chain: chain?.length })}\n`;
  socket.resume();
  socket.end(
    `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** A running front whose names, policies and clock the test may change at any time. */
export async function openFront(
  settings: Partial<FrontSettings> = {},
  more: Partial<FrontPorts> & { clock?: Clock } = {},
) {
  const reports: HandshakeReport[] = [];
  const lines: string[] = [];
  const names = new Map<string | undefined, Certificate>();
  const policies = new Map<string | undefined, HandshakePolicy>();
  const challenges = new Map<string, Certificate>();
  const clock = more.clock ?? systemClock;
  const front = createFront(
    {
      clock,
      ids: randomIds(clock),
      logger: createLogger({
        sink: { write: (line) => void lines.push(line), flush: async () => {} },
      }),
      policies: { decide: async (hello) => policies.get(hello.serverName) ?? plain },
      certificates: { find: async (name) => names.get(name) ?? { refused: 'not-allowed' } },
      challenges: { find: async (name) => challenges.get(name) },
      onConnection: answer,
      onReport(report) {
        // Every report of every test is one that may be published.
        if (report.outcome === 'completed') handshakeCompleted.parse(report.data);
        else handshakeFailed.parse(report.data);
        reports.push(report);
      },
      ...more,
    },
    { listen: { host: '127.0.0.1', port: 0 }, ...settings },
  );
  await front.start();
  return {
    front,
    port: front.address?.port ?? 0,
    reports,
    lines,
    names,
    policies,
    challenges,
    failures: () => reports.flatMap(({ data }) => ('reason' in data ? [data.reason] : [])),
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  };
}

/** A directory with the files that openssl and curl are given. */
export async function clientFiles() {
  const dir = await tempDir();
  return {
    path: (name: string) => join(dir.path, name),
    async put(name: string, text: string) {
      const path = join(dir.path, name);
      await writeFile(path, text);
      return path;
    },
    /** Arguments for `s_client` and its chain, as `certificate` was issued. */
    async identity(name: string, certificate: Certificate): Promise<string[]> {
      const [pair] = certificate.pairs;
      const chain = await this.put(`${name}.pem`, pair?.chain ?? '');
      const key = await this.put(`${name}.key`, pair?.key ?? '');
      return ['-cert', chain, '-key', key, '-cert_chain', chain];
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

/** Runs a program to its end: what it printed. */
async function output(command: string, args: readonly string[]): Promise<string> {
  await using program = startProgram(command, args);
  const { promise, resolve } = Promise.withResolvers<void>();
  program.child.once('close', () => resolve());
  await promise;
  return program.output();
}

const saidIn = (text: string): Said | undefined => {
  const json = /^\{"id".*\}$/m.exec(text)?.[0];
  return json === undefined ? undefined : (JSON.parse(json) as Said);
};

/** One connection of `openssl s_client`: what the server said over it, and what openssl printed. */
export async function openssl(
  port: number,
  name: string | undefined,
  args: readonly string[] = [],
) {
  const to = name === undefined ? ['-noservername'] : ['-servername', name];
  const all = ['s_client', '-connect', `127.0.0.1:${port}`, ...to, '-ign_eof', ...args];
  const text = await output('openssl', all);
  return { said: saidIn(text), text };
}

export async function curl(port: number, name: string, args: readonly string[] = []) {
  const to = ['--resolve', `${name}:${port}:127.0.0.1`, `https://${name}:${port}/`];
  const text = await output('curl', ['-sS', '--max-time', '10', ...args, ...to]);
  return { said: saidIn(text), text };
}
