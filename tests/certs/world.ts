import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import {
  createKeyRings,
  type KeyRing,
  MasterKey,
  openPrivateKey,
  privateKeyPem,
  storedAlpnChallenges,
  storedHttpChallenges,
} from '@sallyport/pki';
import { systemClock } from '@sallyport/runtime';
import type { Space, Store } from '@sallyport/store';
import { openSqliteStore } from '@sallyport/store/sqlite';
import { memoryRings } from '../pki/memory-rings.ts';
import { tempDir } from '../world/program.ts';

/** A store in a file of its own. */
export async function openTestStore(): Promise<Store> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const store = stack.use(
    await openSqliteStore({ path: join(dir.path, 'data.db'), clock: systemClock }),
  );
  const owned = stack.move();
  return Object.assign(Object.create(store) as Store, {
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  });
}

/** Rings as another process can be given them. */
export interface PortableRings {
  /** Base64 of its bytes. */
  readonly masterKey: string;
  /** Name, format, base64 of the bytes, version. */
  readonly records: readonly (readonly [string, number, string, string])[];
}

/** Rings of certs, under a master key of their own unless they were made elsewhere. */
export async function openTestRings(made?: PortableRings) {
  const secret = made === undefined ? randomBytes(32) : Buffer.from(made.masterKey, 'base64');
  const store = memoryRings();
  for (const [name, format, bytes, version] of made?.records ?? []) {
    store.records.set(name, { format, bytes: Buffer.from(bytes, 'base64'), version });
  }
  const rings = createKeyRings(
    { store, clock: systemClock },
    { service: 'certs', masterKey: new MasterKey(secret) },
  );
  return {
    leafKeys: await rings.openRing('leaf-keys'),
    accounts: await rings.openRing('acme-accounts'),
    internalCa: await rings.openRing('internal-ca'),
    portable: (): PortableRings => ({
      masterKey: secret.toString('base64'),
      records: [...store.records].map(([name, { format, bytes, version }]) => [
        ...([name, format, Buffer.from(bytes).toString('base64'), version] as const),
      ]),
    }),
  };
}

/** What an edge does for http-01, at one address: reads the store. Counts what it was asked. */
export async function startHttpResponder(space: Space, address: string, port: number) {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    const name = (request.headers.host ?? '').split(':')[0] as string;
    const token = (request.url as string).replace('/.well-known/acme-challenge/', '');
    space.get([storedHttpChallenges.key(name, token)]).then(([entry]) => {
      const answer = storedHttpChallenges.decode(entry)?.answer;
      response.writeHead(answer === undefined ? 404 : 200).end(answer);
    }, response.destroy.bind(response));
  }).listen(port, address);
  await once(server, 'listening');
  return {
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What an edge does for tls-alpn-01, at one address: reads the store, opens the key. */
export async function startAlpnResponder(
  { space, leafKeys }: { space: Space; leafKeys: KeyRing },
  address: string,
  port: number,
) {
  let asked = 0;
  const server = createTlsServer({
    ALPNProtocols: ['acme-tls/1'],
    SNICallback(name, done) {
      asked += 1;
      const answer = async () => {
        const [entry] = await space.get([storedAlpnChallenges.key(name)]);
        const found = storedAlpnChallenges.decode(entry);
        if (found === undefined) throw new Error(`no challenge of ${name}`);
        const key = await openPrivateKey(leafKeys, found.key, storedAlpnChallenges.aad(name));
        return createSecureContext({ key: privateKeyPem(key), cert: found.certificate });
      };
      answer().then((context) => done(null, context), done);
    },
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    socket.end();
  });
  server.listen(port, address);
  await once(server, 'listening');
  return {
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
