import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { generatePrivateKey, privateKeyPem, selfSigned } from '@sallyport/pki';

export interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as a problem or as JSON, text as it is. */
  readonly body: object | string;
}

/** An ACME server that gets as far as the account and answers every new order as scripted. */
export async function startScriptedCa(newOrder: (base: string) => Scripted) {
  const key = await generatePrivateKey('ec-p256');
  const now = Date.now();
  const trust = await selfSigned({
    key,
    ipAddresses: ['127.0.0.1'],
    usages: ['server'],
    notBefore: now - 3_600_000,
    notAfter: now + 3_600_000,
  });
  let orders = 0;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const send = ({ status = 200, headers = {}, body }: Scripted) => {
      const kind = status >= 400 ? 'application/problem+json' : 'application/json';
      const json = typeof body === 'object';
      response
        .writeHead(status, {
          ...(json ? { 'content-type': kind } : {}),
          ...{ 'replay-nonce': `nonce-${Math.random()}`, ...headers },
        })
        .end(json ? JSON.stringify(body) : body);
    };
    if (request.url === '/dir') {
      const body = {
        newNonce: `${base}/nonce`,
        newAccount: `${base}/account`,
        newOrder: `${base}/order`,
      };
      send({ body });
    } else if (request.url === '/account') {
      send({ status: 201, headers: { location: `${base}/account/1` }, body: { status: 'valid' } });
    } else if (request.url === '/order') {
      orders += 1;
      send(newOrder(base));
    } else {
      send({ body: '' });
    }
  };
  const server = createServer({ key: privateKeyPem(key), cert: trust }, (request, response) => {
    request.resume().on('end', () => answer(request, response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    directory: `https://127.0.0.1:${port}/dir`,
    trust,
    orders: () => orders,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
