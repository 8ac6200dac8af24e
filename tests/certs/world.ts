import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import {
  createKeyRings,
  createMasterKeyFile,
  type KeyRing,
  type KeyRings,
  openPrivateKey,
  privateKeyPem,
  readMasterKeyFile,
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

/** Rings of certs under a master key of their own. */
export async function openTestRings(): Promise<{
  readonly rings: KeyRings;
  readonly leafKeys: KeyRing;
  readonly accounts: KeyRing;
}> {
  await using dir = await tempDir();
  await createMasterKeyFile(join(dir.path, 'master'));
  const masterKey = await readMasterKeyFile(join(dir.path, 'master'));
  const ports = { store: memoryRings(), clock: systemClock };
  const rings = createKeyRings(ports, { service: 'certs', masterKey });
  return {
    rings,
    leafKeys: await rings.openRing('leaf-keys'),
    accounts: await rings.openRing('acme-accounts'),
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
