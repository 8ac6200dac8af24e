import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@sallyport/runtime';
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { ResponseBody, ResponseHead, ServedRequest } from './engine.ts';
import { Fields, tokens } from './fields.ts';

/** What a request of node:http still has to be told by the engine. */
export interface NodeRequestContext {
  readonly connection: ConnectionFacts;
  /** The engine is draining: no response leaves a connection open. */
  readonly closing: () => boolean;
  /** Set for a request that asks for WebSocket: its socket, and what came behind the head. */
  readonly tunnel: { readonly socket: Duplex; readonly head: Buffer } | undefined;
  readonly expectsContinue: boolean;
  readonly clock: Clock;
}

/** How long a client may go on with a body after its response. */
const LINGER_MS = 2000;

/** A {@link ServedRequest} over node:http's pair of objects. */
export class NodeRequest implements ServedRequest {
  readonly connection: ConnectionFacts;
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly fields: Fields;
  readonly body: IncomingMessage | undefined;
  readonly expectsContinue: boolean;
  readonly finished: Promise<void>;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #context: NodeRequestContext;
  readonly #done = Promise.withResolvers<void>();
  #continued = false;
  #upgraded = false;
  #gone = false;
  #answered = false;
  #onGone: (() => void)[] = [];

  constructor(request: IncomingMessage, response: ServerResponse, context: NodeRequestContext) {
    this.#request = request;
    this.#response = response;
    this.#context = context;
    this.connection = context.connection;
    this.method = request.method ?? '';
    this.target = request.url ?? '';
    this.version = request.httpVersionMinor === 0 ? '1.0' : '1.1';
    this.fields = new Fields(request.rawHeaders);
    this.expectsContinue = context.expectsContinue;
    this.body = hasBody(this.fields) ? request : undefined;
    this.finished = this.#done.promise;
    // An error on a body that nobody reads is the end of the connection, which the response tells.
    request.on('error', () => {});
    response.on('error', () => {});
    response.once('close', () => this.#closed());
  }

  get websocket(): boolean {
    return this.#context.tunnel !== undefined;
  }

  get gone(): boolean {
    return this.#gone;
  }

  onGone(listener: () => void): void {
    if (this.#gone) listener();
    else this.#onGone.push(listener);
  }

  trailers = (): Fields => new Fields(this.#request.rawTrailers);

  sendContinue(): void {
    if (!this.expectsContinue || this.#continued) return;
    this.#continued = true;
    if (!this.#gone) this.#response.writeContinue();
  }

  respond({ status, fields, close = false }: ResponseHead): ResponseBody {
    const response = this.#response;
    // Node does the same when the client was never told to continue (RFC 9110 section 10.1.1): whether the body comes is unsure.
    if (close || this.#context.closing()) response.shouldKeepAlive = false;
    response.writeHead(status, [...fields]);
    return {
      stream: response,
      end: (last) => this.#end(last),
      trailers: (trailers) => response.addTrailers(trailers),
    };
  }

  /** All of the response has been handed over; it may still be on its way. */
  get answered(): boolean {
    return this.#answered;
  }

  #end(last: Uint8Array | undefined): void {
    this.#answered = true;
    const request = this.#request;
    const response = this.#response;
    const waited = this.body !== undefined && !(this.expectsContinue && !this.#continued);
    // The last chunk of a chunked response can't leave before its end.
    if (!waited || request.complete || response.chunkedEncoding || this.#gone) {
      response.end(last);
      this.body?.resume();
      return;
    }
    if (last === undefined) response.flushHeaders();
    else response.write(last);
    const over = new AbortController();
    const end = () => {
      over.abort();
      response.end();
    };
    request.once('close', end);
    this.#context.clock.sleep(LINGER_MS, over.signal).then(end, () => {});
    request.resume();
  }

  upgrade({ fields }: ResponseHead): Duplex {
    const { tunnel } = this.#context;
    if (tunnel === undefined) throw new TypeError('this request asks for no upgrade');
    const { socket, head } = tunnel;
    this.#upgraded = true;
    this.#response.detachSocket(socket as Socket);
    let text = 'HTTP/1.1 101 Switching Protocols\r\n';
    for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
    socket.write(`${text}\r\n`, 'latin1');
    if (head.length > 0) socket.unshift(head);
    socket.once('close', () => this.#closed());
    return socket;
  }

  cut(): void {
    const { socket } = this.#request;
    // Over plain TCP an orderly close can be the end of a body; a reset can't. Over TLS close_notify is missing.
    if (socket.constructor === Socket && this.#response.headersSent) socket.resetAndDestroy();
    else socket.destroy();
  }

  /** Gives the request up before its response began: false when it has begun. Nothing may be sent by it afterwards. */
  abandon(): boolean {
    if (this.#response.headersSent || this.#upgraded) return false;
    this.#leave();
    return true;
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const listener of this.#onGone) listener();
    this.#onGone = [];
  }

  #closed(): void {
    const whole = this.#upgraded || this.#response.writableFinished;
    if (this.#upgraded && !this.#request.socket.destroyed) return;
    if (!whole) this.#leave();
    this.#done.resolve();
  }
}

/** Framing was checked by the parser: one of the two fields at most, and only once. */
function hasBody(fields: Fields): boolean {
  if (fields.all('transfer-encoding').length > 0) return true;
  const [length] = fields.all('content-length');
  return length !== undefined && !/^0+$/.test(length);
}

/** Whether a head asks for WebSocket in the only form that is granted: RFC 6455 section 4.1, and no body. */
export function asksForWebSocket(request: IncomingMessage): boolean {
  const fields = new Fields(request.rawHeaders);
  return (
    request.method === 'GET' &&
    request.httpVersionMinor === 1 &&
    fields.all('transfer-encoding').length === 0 &&
    fields.all('content-length').length === 0 &&
    fields.all('sec-websocket-key').length === 1 &&
    tokens(fields.all('connection')).includes('upgrade') &&
    tokens(fields.all('upgrade')).join() === 'websocket'
  );
}
