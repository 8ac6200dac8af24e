import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { Http1Engine, Http1Options } from './engine.ts';
import { asksForWebSocket, NodeRequest } from './node-request.ts';
import { plainMessage } from './refusal.ts';

/** A connection as the engine sees it. */
interface Connection {
  readonly facts: ConnectionFacts;
  /** Handed over and not finished. */
  current: NodeRequest | undefined;
  readonly waiting: NodeRequest[];
  /** Answered with a refusal; nothing that still comes is looked at. */
  refused: boolean;
}

/** Requests sent ahead of their answers (RFC 9112 section 9.3.2) that may wait on one connection; more end it. */
const MOST_WAITING = 100;
/** A refusal gets so long to reach a client that is still sending: closing at once would reset it away. */
const LINGER_MS = 1000;

/** The engine over node:http. */
export function nodeHttp1(options: Http1Options): Http1Engine {
  const { limits, clock, handle, logger } = options;
  const connections = new Map<Socket, Connection>();
  let requests = 0;
  let closing = false;
  let emptied: (() => void) | undefined;

  const server = createServer({
    insecureHTTPParser: false,
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headMs,
    // A body may take as long as it makes progress.
    requestTimeout: 0,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.min(1000, limits.headMs),
    // An answer of our own says what is wrong.
    requireHostHeader: false,
    optimizeEmptyRequests: true,
    shouldUpgradeCallback: (request: IncomingMessage) =>
      connections.get(request.socket)?.current === undefined && asksForWebSocket(request),
  });
  // Node leaves out what is beyond its count without a word; ours is checked where it can be refused.
  server.maxHeadersCount = 0;
  server.timeout = limits.stallMs;

  const begin = (connection: Connection, request: NodeRequest) => {
    connection.current = request;
    requests += 1;
    void handle(request)
      .catch((error: unknown) => {
        logger.error('request broke', { connection: connection.facts.id, error });
        request.cut();
      })
      .then(() => request.finished)
      .then(() => {
        requests -= 1;
        connection.current = undefined;
        const next = connection.waiting.shift();
        if (next !== undefined && !next.gone) begin(connection, next);
      });
  };

  const refuse = (socket: Socket, status: number, text: string) => {
    const connection = connections.get(socket);
    if (connection?.refused) return;
    const current = connection?.current;
    const answered = current?.answered === true;
    // In the middle of a response a refusal would look like a part of it.
    const free = current === undefined || answered || current.abandon();
    if (connection === undefined || !free || !socket.writable) {
      socket.destroy();
      return;
    }
    connection.refused = true;
    // What comes behind a request that is answered already has nobody to tell.
    if (answered) socket.end();
    else socket.end(plainMessage(status, text), 'latin1');
    void clock.sleep(LINGER_MS).then(() => socket.destroy());
  };

  const take = (
    request: IncomingMessage,
    response: ServerResponse,
    more: { expectsContinue?: boolean; tunnel?: { socket: Duplex; head: Buffer } } = {},
  ) => {
    const connection = connections.get(request.socket);
    if (connection === undefined || connection.refused) {
      request.socket.destroy();
      return;
    }
    if (request.httpVersionMajor !== 1) {
      refuse(request.socket, 505, 'HTTP Version Not Supported');
      return;
    }
    const served = new NodeRequest(request, response, {
      connection: connection.facts,
      closing: () => closing,
      expectsContinue: more.expectsContinue ?? false,
      tunnel: more.tunnel,
      clock,
    });
    if (connection.current === undefined) begin(connection, served);
    else if (connection.waiting.length < MOST_WAITING) connection.waiting.push(served);
    else request.socket.destroy();
  };

  server.on('request', (request, response) => take(request, response));
  server.on('checkContinue', (request, response) => {
    take(request, response, { expectsContinue: true });
  });
  server.on('checkExpectation', (request: IncomingMessage) => {
    refuse(request.socket, 417, 'Expectation Failed');
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(request.socket);
    response.once('finish', () => request.socket.destroySoon());
    take(request, response, { tunnel: { socket, head } });
  });
  server.on('connect', (request: IncomingMessage) => {
    refuse(request.socket, 405, 'Method not allowed');
  });
  server.on('clientError', (error: NodeJS.ErrnoException, stream: Duplex) => {
    const socket = stream as Socket;
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') refuse(socket, 408, 'Request Timeout');
    else if (error.code === 'HPE_HEADER_OVERFLOW')
      refuse(socket, 431, 'Request Header Fields Too Large');
    else if (error.code?.startsWith('HPE_')) refuse(socket, 400, 'Bad Request');
    else socket.destroy();
  });
  server.on('timeout', (socket: Socket) => {
    const request = connections.get(socket)?.current;
    if (request === undefined || !waitsForClient(socket, request)) {
      // Between requests it is time to go; while others are waited for, the client may be as still as it likes.
      if (request === undefined) socket.destroy();
      else socket.setTimeout(limits.stallMs);
    } else {
      logger.debug('client stalled', { connection: request.connection.id });
      request.cut();
    }
  });
  // Starts the check of head time-outs, which Node does for servers that listen; this one is given its connections.
  server.emit('listening');

  const closeIdle = () => {
    for (const [socket, { current }] of connections) if (current === undefined) socket.destroy();
  };
  const destroyAll = () => {
    for (const socket of connections.keys()) socket.destroy();
  };

  return {
    serve(socket, facts) {
      if (socket.destroyed) return;
      connections.set(socket, { facts, current: undefined, waiting: [], refused: false });
      socket.once('close', () => {
        connections.delete(socket);
        if (connections.size === 0) emptied?.();
      });
      server.emit('connection', socket);
    },
    status: () => ({ connections: connections.size, requests }),
    async drain(graceMs, signal) {
      closing = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      emptied = resolve;
      if (connections.size === 0) return;
      const ended = new AbortController();
      const cut = () => {
        destroyAll();
        resolve();
      };
      signal.addEventListener('abort', cut, { once: true });
      if (signal.aborted) cut();
      const grace = clock.sleep(graceMs, ended.signal).then(closeIdle, () => {});
      await promise;
      signal.removeEventListener('abort', cut);
      ended.abort();
      await grace;
    },
    async [Symbol.asyncDispose]() {
      closing = true;
      destroyAll();
      // Never listened, so there is nothing to close but the timer behind the checks.
      server.close(() => {});
    },
  };
}

/** A body is waited for, or a response waits to leave. */
function waitsForClient(socket: Socket, request: NodeRequest): boolean {
  if (socket.writableLength > 0) return true;
  const { body } = request;
  return body !== undefined && !body.complete && body.readableFlowing === true;
}
