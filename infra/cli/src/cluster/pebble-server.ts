import { writeFile } from 'node:fs/promises';
import { type Agent, request } from 'node:https';
import { join } from 'node:path';
import { createCertificateAuthority, generatePrivateKey, privateKeyPem } from '@sallyport/pki';

const HOST = '127.0.0.1';
const HOUR = 3_600_000;

/** Writes `cert.pem` and `key.pem` of pebble's own server into `folder`, and gives the authority that they are of, PEM. */
export async function writeServerCertificate(folder: string): Promise<string> {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const times = { notBefore: now - HOUR, notAfter: now + 365 * 24 * HOUR };
  const [rootKey, key] = await Promise.all([
    generatePrivateKey('ec-p256'),
    generatePrivateKey('ec-p256'),
  ]);
  const authority = await createCertificateAuthority({
    ...{ key: rootKey, commonName: 'private pebble', ...times },
  });
  const certificate = await authority.issue({
    ...{ publicKey: key.publicKey, ipAddresses: [HOST], usages: ['server'], ...times },
  });
  await writeFile(join(folder, 'cert.pem'), certificate);
  await writeFile(join(folder, 'key.pem'), privateKeyPem(key), { mode: 0o600 });
  return authority.certificate;
}

/** The body of a 200; rejects for every other answer. */
export function fetchText(url: string, agent: Agent): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request(url, { agent, timeout: 5000 }, (answer) => {
    let text = '';
    answer.setEncoding('utf8');
    answer.on('data', (chunk: string) => {
      text += chunk;
    });
    answer.on('end', () => {
      if (answer.statusCode === 200) resolve(text);
      else reject(new Error(`${url}: ${answer.statusCode}`));
    });
    answer.on('error', reject);
  })
    .on('error', reject)
    .end();
  return promise;
}
