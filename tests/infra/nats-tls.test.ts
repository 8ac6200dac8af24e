import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BusUnavailableError } from '@sallyport/bus';
import { openNatsBroker } from '@sallyport/bus/nats';
import { createCertificateAuthority, generatePrivateKey, privateKeyPem } from '@sallyport/pki';
import { systemClock } from '@sallyport/runtime';
import { natsConfig } from '../../infra/nats/config.ts';
import { startNats } from '../world/nats.ts';
import { testWith } from '../world/needs.ts';
import { tempDir } from '../world/program.ts';

const test = testWith('nats-server');
const DAY = 24 * 3600 * 1000;
const now = Math.floor(Date.now() / 1000) * 1000;
const VALIDITY = { notBefore: now - DAY, notAfter: now + DAY };

async function authority() {
  const key = await generatePrivateKey('ec-p256');
  const ca = await createCertificateAuthority({ ...VALIDITY, key, commonName: 'trial' });
  return {
    ca: ca.certificate,
    async leaf(usage: 'client' | 'server', address = '127.0.0.1') {
      const own = await generatePrivateKey('ec-p256');
      const cert = await ca.issue({
        ...VALIDITY,
        publicKey: own.publicKey,
        commonName: 'trial',
        ipAddresses: [address],
        usages: [usage],
      });
      return { cert, key: privateKeyPem(own) };
    },
  };
}

test('over TLS the broker must be certified by the authority that was named, and the client too', async (t) => {
  await using dir = await tempDir();
  const [own, other] = [await authority(), await authority()];
  const [server, client, stranger] = [
    ...[await own.leaf('server'), await own.leaf('client')],
    await other.leaf('client'),
  ];
  const elsewhere = await own.leaf('server', '127.0.0.9');
  const file = (name: string) => join(dir.path, name);
  await writeFile(file('cert.pem'), server.cert);
  await writeFile(file('key.pem'), server.key);
  await writeFile(file('ca.pem'), own.ca);
  const configFile = file('nats.conf');
  const tls = { cert: file('cert.pem'), key: file('key.pem'), ca: file('ca.pem') };
  await writeFile(
    configFile,
    natsConfig({ passwords: { edge: 'edge-password', operator: 'o' }, tls }),
  );
  await using nats = await startNats({ configFile });
  const open = (tls: { ca?: string; cert?: string; key?: string }) =>
    openNatsBroker({
      ...{
        servers: nats.url,
        service: 'operator',
        clock: systemClock,
        connectTimeoutMs: 2000,
        tls,
      },
      auth: { user: 'operator', password: 'o' },
    });
  const broker = await open({ ca: own.ca, ...client });
  t.true(broker.connected);
  await broker[Symbol.asyncDispose]();
  const refused = { instanceOf: BusUnavailableError };
  await t.throwsAsync(open({ ca: other.ca, ...client }), refused, 'a broker of another authority');
  await t.throwsAsync(open({ ca: own.ca }), refused, 'no certificate');
  await t.throwsAsync(open({ ca: own.ca, ...stranger }), refused, 'another authority’s client');
  await writeFile(file('cert.pem'), elsewhere.cert);
  await writeFile(file('key.pem'), elsewhere.key);
  await nats.kill();
  await nats.restart();
  await t.throwsAsync(open({ ca: own.ca, ...client }), { ...refused, message: /127\.0\.0\.1/ });
});
