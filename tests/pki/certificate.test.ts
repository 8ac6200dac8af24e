import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, createServer, type PeerCertificate, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import {
  CertificateRequestError,
  createCertificateAuthority,
  generatePrivateKey,
  openCertificateAuthority,
  type PrivateKey,
  privateKeyPem,
  selfSigned,
} from '@sallyport/pki';
import test from 'ava';
import { testWith } from '../world/needs.ts';
import { tempDir } from '../world/program.ts';

const run = promisify(execFile);
const refused = { instanceOf: CertificateRequestError };
const DAY = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;
const validity = { notBefore: now - DAY, notAfter: now + 90 * DAY };
const key = await generatePrivateKey('ec-p256');
const ca = await createCertificateAuthority({
  ...{ key, commonName: 'Sallyport internal CA' },
  ...{ notBefore: now - 2 * DAY, notAfter: now + 3650 * DAY },
});
const leafKey = await generatePrivateKey('ec-p256');
const server = { publicKey: leafKey.publicKey, usages: ['server'] as const, ...validity };

/** openssl on files with these contents; rejects when it says no. */
async function openssl(
  args: (file: (name: string) => string) => string[],
  files: Record<string, string>,
) {
  await using dir = await tempDir();
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir.path, name), text);
  const { stdout } = await run(
    'openssl',
    args((name) => join(dir.path, name)),
  );
  return stdout;
}
const openSslTest = testWith('openssl');

for (const caKind of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
  for (const kind of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    openSslTest(
      `openssl verifies a leaf with a ${kind} key under an authority with a ${caKind} key`,
      async (t) => {
        const authority = await createCertificateAuthority({
          ...{ key: await generatePrivateKey(caKind), commonName: `CA ${caKind}` },
          ...{ notBefore: now - DAY, notAfter: now + 365 * DAY },
        });
        const { publicKey } = await generatePrivateKey(kind);
        const leaf = await authority.issue({
          ...{ ...validity, publicKey, usages: ['server'] },
          ...{
            dnsNames: ['shop.example', '*.shop.example'],
            ipAddresses: ['127.0.0.2', '2001:db8::7'],
          },
        });
        const files = { ca: authority.certificate, leaf };
        const verify = (...more: string[]) =>
          openssl((f) => ['verify', '-x509_strict', '-CAfile', f('ca'), ...more, f('leaf')], files);
        t.regex(await verify('-purpose', 'sslserver', '-verify_hostname', 'a.shop.example'), /OK/);
        t.regex(await verify('-verify_ip', '2001:db8::7'), /OK/);
        t.regex(await verify('-verify_ip', '127.0.0.2'), /OK/);
        await t.throwsAsync(verify('-verify_hostname', 'other.example'));
        await t.throwsAsync(verify('-purpose', 'sslclient'));
        await t.throwsAsync(verify('-attime', String((now + 91 * DAY) / 1000)));
      },
    );
  }
}

openSslTest(
  'openssl shows the extensions that RFC 5280 wants, and which are critical',
  async (t) => {
    const show = (pem: string) =>
      openssl((f) => ['x509', '-in', f('c'), '-noout', '-text'], { c: pem });
    const authority = await show(ca.certificate);
    t.regex(authority, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    t.regex(authority, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    t.regex(authority, /Subject: CN = Sallyport internal CA/);
    const leaf = await show(
      await ca.issue({ ...server, dnsNames: ['shop.example'], ipAddresses: ['::1'] }),
    );
    t.regex(leaf, /Version: 3/);
    t.regex(leaf, /Basic Constraints: critical\s+CA:FALSE/);
    t.regex(leaf, /Key Usage: critical\s+Digital Signature\n/);
    t.regex(leaf, /Extended Key Usage: \s+TLS Web Server Authentication\n/);
    t.regex(
      leaf,
      /Subject Alternative Name: critical\s+DNS:shop\.example, IP Address:0:0:0:0:0:0:0:1/,
    );
    const id = /Subject Key Identifier: \s+(\S+)/.exec(authority)?.[1];
    t.truthy(id);
    t.true(leaf.includes(`Authority Key Identifier: \n                ${id}`), leaf);
    const client = await show(
      await ca.issue({ ...server, usages: ['client'], commonName: 'device 7' }),
    );
    t.regex(client, /Extended Key Usage: \s+TLS Web Client Authentication\n/);
    t.regex(client, /Subject: CN = device 7/);
    t.notRegex(client, /Alternative Name/);
  },
);

/** One connection; what each side thinks of the other. */
async function handshake(
  own: { key: PrivateKey; certificate: string },
  client: { key: PrivateKey; certificate: string } | undefined,
  servername = 'shop.example',
) {
  const listener = createServer({
    ...{ key: privateKeyPem(own.key), cert: own.certificate, ca: [ca.certificate] },
    ...{ requestCert: true, rejectUnauthorized: false },
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    listener.close();
    await once(listener, 'close');
  });
  const accepted = once(listener, 'secureConnection') as Promise<[TLSSocket]>;
  // A client that refuses ends the connection before the server has it.
  accepted.catch(() => {});
  const { port } = listener.address() as { port: number };
  const socket = connect({
    ...{ port, host: '127.0.0.1', servername, ca: [ca.certificate] },
    ...(client === undefined ? {} : { key: privateKeyPem(client.key), cert: client.certificate }),
  });
  cleanup.defer(() => {
    socket.destroy();
  });
  await once(socket, 'secureConnect');
  const [peer] = await accepted;
  cleanup.defer(() => {
    peer.destroy();
  });
  const seen = peer.getPeerCertificate() as PeerCertificate | Record<string, never>;
  return { client: peer.authorized, subject: 'subject' in seen ? seen.subject.CN : undefined };
}

test('node:tls trusts the leaf on both sides of a mutual handshake', async (t) => {
  const certificate = await ca.issue({ ...server, dnsNames: ['shop.example'] });
  const clientKey = await generatePrivateKey('ec-p384');
  const client = {
    key: clientKey,
    certificate: await ca.issue({
      ...{ ...validity, publicKey: clientKey.publicKey },
      ...{ usages: ['client'] as const, commonName: 'device 7' },
    }),
  };
  t.deepEqual(await handshake({ key: leafKey, certificate }, client), {
    client: true,
    subject: 'device 7',
  });
  t.is((await handshake({ key: leafKey, certificate }, undefined)).client, false);
  const wrongUse = { key: leafKey, certificate };
  t.is(
    (await handshake({ key: leafKey, certificate }, wrongUse)).client,
    false,
    'a server’s is no client’s',
  );
  await t.throwsAsync(handshake({ key: leafKey, certificate }, undefined, 'other.example'), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
});

test('a self-signed certificate serves as a fallback that nobody trusts', async (t) => {
  const certificate = await selfSigned({
    ...{ ...validity, key: leafKey, usages: ['server'] as const },
    dnsNames: ['localhost'],
  });
  const parsed = new X509Certificate(certificate);
  t.true(parsed.verify(parsed.publicKey));
  t.false(parsed.ca);
  t.is(parsed.checkHost('localhost'), 'localhost');
  await t.throwsAsync(handshake({ key: leafKey, certificate }, undefined, 'localhost'), {
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
});

test('an authority that was stored and opened again issues under the same certificate', async (t) => {
  const again = openCertificateAuthority({ key, certificate: ca.certificate });
  const leaf = new X509Certificate(await again.issue({ ...server, dnsNames: ['shop.example'] }));
  const issuer = new X509Certificate(ca.certificate);
  t.true(leaf.checkIssued(issuer));
  t.true(leaf.verify(issuer.publicKey));
});

test('what doesn’t belong together isn’t opened as an authority', async (t) => {
  const leaf = await ca.issue({ ...server, dnsNames: ['shop.example'] });
  t.throws(() => openCertificateAuthority({ key: leafKey, certificate: leaf }), refused);
  t.throws(() => openCertificateAuthority({ key: leafKey, certificate: ca.certificate }), refused);
});

test('an authority issues no authorities', async (t) => {
  const leaf = await ca.issue({ ...server, dnsNames: ['shop.example'] });
  const fake = await createCertificateAuthority({
    ...validity,
    key: leafKey,
    commonName: 'shop.example',
  });
  t.false(new X509Certificate(leaf).ca);
  t.false(new X509Certificate(fake.certificate).checkIssued(new X509Certificate(ca.certificate)));
});

test('every certificate has a serial number of its own, positive and of at most 20 octets', async (t) => {
  const leaves = await Promise.all(
    Array.from({ length: 20 }, () => ca.issue({ ...server, dnsNames: ['shop.example'] })),
  );
  const serials = leaves.map((leaf) => new X509Certificate(leaf).serialNumber);
  t.is(new Set(serials).size, 20);
  for (const serial of serials) t.regex(serial, /^[4-7][0-9A-F]{31}$/);
});

test('validity is kept to the second and must lie within the authority’s', async (t) => {
  const leaf = new X509Certificate(await ca.issue({ ...server, dnsNames: ['shop.example'] }));
  t.is(leaf.validFromDate.getTime(), validity.notBefore);
  t.is(leaf.validToDate.getTime(), validity.notAfter);
  for (const change of [
    { notBefore: now - 3 * DAY },
    { notAfter: now + 3651 * DAY },
    { notBefore: validity.notAfter },
    { notBefore: validity.notAfter + 1 },
    { notAfter: Number.NaN },
    { notBefore: Number.NEGATIVE_INFINITY },
  ]) {
    await t.throwsAsync(ca.issue({ ...server, dnsNames: ['a.example'], ...change }), refused);
  }
  await t.throwsAsync(
    createCertificateAuthority({
      key,
      commonName: 'x',
      notBefore: now,
      notAfter: Date.UTC(10_000, 0),
    }),
    refused,
  );
  await t.throwsAsync(
    createCertificateAuthority({ key, commonName: 'x', notBefore: now, notAfter: 1e20 }),
    refused,
  );
});

for (const name of [
  '',
  'Shop.example',
  'shop..example',
  '.example',
  'shop.example.',
  '-a.example',
  'a-.example',
  'a b',
  'a,b',
  '*',
  'a.*.example',
  '**.example',
  '127.0.0.1',
  'bücher.example',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(127)}aa`,
  'a\u0000.example',
  'a.example\n',
]) {
  test(`no certificate is made for the name ${JSON.stringify(name.slice(0, 30))}`, async (t) => {
    await t.throwsAsync(ca.issue({ ...server, dnsNames: ['good.example', name] }), refused);
  });
}

test('no certificate is made for nobody, for nothing, or for what is no address', async (t) => {
  for (const change of [
    { usages: [], dnsNames: ['a.example'] },
    { usages: ['server'] as const, commonName: 'only a common name' },
    { usages: ['client'] as const },
    { ipAddresses: ['127.0.0.256'] },
    { ipAddresses: ['shop.example'] },
    { usages: ['client'] as const, commonName: '' },
    { usages: ['client'] as const, commonName: 'x'.repeat(65) },
    { usages: ['client'] as const, commonName: 'a\u0000b' },
  ]) {
    await t.throwsAsync(ca.issue({ ...server, ...change }), refused, JSON.stringify(change));
  }
});

for (const commonName of ['x, O=Evil+CN=y "q" \\ #<>;=', '#0c0178', 'Zoë 🦊', '"']) {
  openSslTest(
    `the common name ${commonName} is taken as it is, never as the syntax of a name`,
    async (t) => {
      const authority = await createCertificateAuthority({ ...validity, key, commonName });
      const leaf = await authority.issue({ ...server, usages: ['client'], commonName });
      const { subject, issuer } = new X509Certificate(leaf).toLegacyObject();
      t.deepEqual([{ ...subject }, { ...issuer }], [{ CN: commonName }, { CN: commonName }]);
      const files = { ca: authority.certificate, leaf };
      t.regex(await openssl((f) => ['verify', '-CAfile', f('ca'), f('leaf')], files), /OK/);
    },
  );
}
