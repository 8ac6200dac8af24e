import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Service } from '@sallyport/gateway';
import type { Clock } from '@sallyport/runtime';
import type { OutgoingBody } from '../exchange/body.ts';
import type { ServedRequest } from '../http1/engine.ts';
import { failureOf, type UpstreamFailure } from './failure.ts';
import { type Pump, pump } from './pump.ts';
import { forwardable } from './trailers.ts';

export interface Attempt {
  readonly agent: Agent;
  readonly service: Service;
  readonly path: string;
  readonly fields: readonly string[];
  readonly served: ServedRequest;
  readonly body: OutgoingBody | undefined;
  /** Bytes; undefined: no limit. */
  readonly maxBody: number | undefined;
  /** The upstream is asked whether it wants the body before the client is. */
  readonly expect: boolean;
  readonly clock: Clock;
}

export type AttemptResult =
  | { readonly outcome: 'response'; readonly response: IncomingMessage; readonly sending: Sending }
  | {
      readonly outcome: 'upgraded';
      readonly response: IncomingMessage;
      readonly socket: Duplex;
      readonly head: Buffer;
    }
  | { readonly outcome: 'failed'; readonly failure: UpstreamFailure };

/** The request on its way, while the response may have begun. */
export interface Sending {
  readonly request: ClientRequest;
  /** Nothing more of the body is sent. */
  stop(): void;
  /** Whether it is the client that keeps the response waiting; asked when nothing has moved for long. */
  clientWaits: () => boolean;
}

/** How long an upstream is waited for to say whether it wants a body; RFC 9110 section 10.1.1 asks not to wait for ever. */
const CONTINUE_MS = 1000;

/** Asks an upstream once. Resolves with the head of its response, or with why there is none. */
export function attempt(options: Attempt): Promise<AttemptResult> {
  return new Promise((resolve) => new Asking(options, resolve));
}

class Asking {
  readonly #options: Attempt;
  readonly #request: ClientRequest;
  /** Ends timers when it is over; only where something had to be waited for. */
  #over: AbortController | undefined;
  readonly #resolve: (result: AttemptResult) => void;
  #pump: Pump | undefined;
  #connected = false;
  #answered = false;
  /** Bytes of the body that the client has been asked for, if only to pass them on. */
  #began = false;
  #failure: UpstreamFailure | undefined;
  #sending: Sending | undefined;

  constructor(options: Attempt, resolve: (result: AttemptResult) => void) {
    this.#options = options;
    this.#resolve = resolve;
    const { agent, service, path, fields, served, body } = options;
    this.#request = request({
      agent,
      protocol: service.protocol === 'https' ? 'https:' : 'http:',
      host: service.host.replace(/^\[|\]$/g, ''),
      port: service.port,
      method: served.method,
      path,
      headers: fields,
      timeout: service.write_timeout,
      maxHeaderSize: 65_536,
      setHost: false,
    });
    this.#request.once('socket', (socket) => this.#socket(socket));
    this.#request.once('response', (response) => this.#response(response));
    this.#request.once('upgrade', (response, socket, head) => {
      // Nobody asked for it.
      if (!served.websocket) this.#destroy({ reason: 'bad-response', unsent: false });
      else this.#answer({ outcome: 'upgraded', response, socket, head });
    });
    this.#request.on('error', (error) => this.#fail(error));
    this.#request.on('timeout', () => this.#still());
    served.onGone(() => this.#destroy({ reason: 'client-gone', unsent: false }));
    if (body === undefined) this.#finish();
    else if (options.expect) this.#askFirst();
  }

  #socket(socket: Socket): void {
    const { service, clock } = this.#options;
    if (!socket.connecting && !('secureConnecting' in socket && socket.secureConnecting)) {
      this.#ready();
      return;
    }
    const connected = new AbortController();
    socket.once(service.protocol === 'https' ? 'secureConnect' : 'connect', () => {
      connected.abort();
      this.#ready();
    });
    const signal = AbortSignal.any([connected.signal, this.#end()]);
    clock.sleep(service.connect_timeout, signal).then(
      () => this.#destroy({ reason: 'connect-timeout', unsent: true }),
      () => {},
    );
  }

  #ready(): void {
    this.#connected = true;
    if (this.#options.body !== undefined && !this.#options.expect) this.#send();
  }

  /** Aborts when it is over. */
  #end(): AbortSignal {
    this.#over ??= new AbortController();
    return this.#over.signal;
  }

  /** Lets the upstream decide by the head alone. */
  #askFirst(): void {
    const { clock, served } = this.#options;
    const goOn = () => {
      if (this.#answered || this.#began) return;
      served.sendContinue();
      this.#send();
    };
    this.#request.once('continue', goOn);
    clock.sleep(CONTINUE_MS, this.#end()).then(goOn, () => {});
  }

  #send(): void {
    const { body, maxBody } = this.#options;
    if (this.#began || body === undefined) return;
    this.#began = true;
    let size = 0;
    const count = (bytes: number) => {
      size += bytes;
      if (maxBody === undefined || size <= maxBody) return true;
      this.#destroy({ reason: 'body-too-large', unsent: false });
      return false;
    };
    for (const chunk of body.first) {
      if (!count(chunk.length)) return;
      this.#request.write(chunk);
    }
    if (body.rest === undefined) this.#finish();
    else this.#pump = pump(body.rest, this.#request, () => this.#finish(), count);
  }

  #finish(): void {
    const { served, service } = this.#options;
    if (this.#began) this.#request.addTrailers(forwardable(served.trailers()));
    this.#request.end();
    this.#request.setTimeout(service.read_timeout);
  }

  #response(response: IncomingMessage): void {
    const coding = response.headers['transfer-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
      // What else was done to the body nobody would undo.
      this.#destroy({ reason: 'bad-response', unsent: false });
      return;
    }
    this.#request.setTimeout(this.#options.service.read_timeout);
    this.#sending = {
      request: this.#request,
      stop: () => this.#pump?.stop(),
      clientWaits: () => false,
    };
    this.#answer({ outcome: 'response', response, sending: this.#sending });
  }

  /** Nothing has moved on the upstream's connection for its time. */
  #still(): void {
    const { socket } = this.#request;
    if (socket === null || !this.#connected) return;
    const sending = this.#began && this.#pump?.done === false;
    const client =
      this.#sending === undefined
        ? sending && socket.writableLength === 0
        : this.#sending.clientWaits();
    if (client) {
      socket.setTimeout(socket.timeout ?? this.#options.service.read_timeout);
      return;
    }
    this.#destroy({ reason: sending ? 'write-timeout' : 'read-timeout', unsent: false });
  }

  #destroy(failure: UpstreamFailure): void {
    this.#failure ??= failure;
    this.#pump?.stop();
    this.#request.destroy();
    this.#answer({ outcome: 'failed', failure: this.#failure });
  }

  #fail(error: Error): void {
    this.#pump?.stop();
    const failure = this.#failure ?? failureOf(error, this.#connected);
    // RFC 9112 section 9.3.1: a kept connection that the other side closes as we send is nobody's fault, and what changes
    // nothing may be sent again.
    const stale =
      this.#request.reusedSocket && failure.reason === 'reset' && !this.#began && this.#harmless();
    this.#answer({ outcome: 'failed', failure: stale ? { ...failure, unsent: true } : failure });
  }

  #harmless(): boolean {
    const { method } = this.#options.served;
    return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  }

  #answer(result: AttemptResult): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#over?.abort();
    this.#resolve(result);
  }
}
