import type { Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Clock, Logger } from '@sallyport/runtime';
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { Fields } from './fields.ts';

/**
 * Speaks HTTP/1.x on connections that others accepted. What isn't a message by the strict grammar of RFC 9112 never becomes a
 * {@link ServedRequest}: the engine answers 400, 408 or 431 by itself and closes.
 *
 * Requests of one connection are handed over one at a time, in their order: the next one when `handle` of the one before is done.
 */
export interface Http1Engine extends AsyncDisposable {
  /** Takes a connection over; it is closed when the engine is disposed. */
  serve(socket: Socket, facts: ConnectionFacts): void;
  status(): Http1Status;
  /**
   * From now on every response closes its connection. Idle connections get `graceMs` for one more request (their client may have
   * sent it already), then they are closed. Resolves when no connection is left, or cuts what is left when the signal aborts.
   */
  drain(graceMs: number, signal: AbortSignal): Promise<void>;
}

interface Http1Status {
  readonly connections: number;
  /** Requests handed over whose response isn't finished; tunnels too. */
  readonly requests: number;
}

export interface Http1Options {
  readonly limits: Http1Limits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Must not reject: nobody is left to tell. */
  readonly handle: (request: ServedRequest) => Promise<void>;
}

/** Times in milliseconds. */
interface Http1Limits {
  /** All of the head together, bytes. More: 431. */
  readonly headBytes: number;
  /** From the first byte of a head, or from the start of the connection, to the head's end. */
  readonly headMs: number;
  /** Without a request on a connection that had one. */
  readonly idleMs: number;
  /** The client sends nothing of a body that is waited for, or reads nothing of a response that waits to leave. */
  readonly stallMs: number;
}

/** A request whose head has been read, and the way to answer it. */
export interface ServedRequest {
  readonly connection: ConnectionFacts;
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly fields: Fields;
  /** Undefined: there is none, or it is empty. Ends with `end` when it is whole; destroyed otherwise. */
  readonly body: Readable | undefined;
  /** After the body's `end`: its trailers. */
  readonly trailers: () => Fields;
  /** The client waits for {@link sendContinue} before it sends the body. Until then reading it gives nothing. */
  readonly expectsContinue: boolean;
  sendContinue(): void;
  /** It asks for WebSocket (RFC 6455 section 4.1), in a form that may be granted. */
  readonly websocket: boolean;
  /** Whether the client is gone, or the engine cuts it off. */
  readonly gone: boolean;
  /** Calls back once when the response can't be finished any more. */
  onGone(listener: () => void): void;
  /** Sends the head; exactly once. The framing fields are the engine's: it keeps a given `content-length` and adds the rest. */
  respond(head: ResponseHead): ResponseBody;
  /** Grants the upgrade: sends the head with status 101 and gives what lies behind. */
  upgrade(head: ResponseHead): Duplex;
  /** Closes the connection, in a way that the client notices. */
  cut(): void;
  /** Resolves when the response left or never will; for a tunnel when it is closed. */
  readonly finished: Promise<void>;
}

export interface ResponseHead {
  readonly status: number;
  /** Flat: name, value, name, value … */
  readonly fields: readonly string[];
  /** The connection ends with this response. */
  readonly close?: boolean;
}

export interface ResponseBody {
  readonly stream: Writable;
  /**
   * Ends the response; what `stream` was given has been taken by then. While the client is still sending a body that nobody wants, the
   * connection is kept for a moment, as closing it would take the response away from under it.
   */
  end(last?: Uint8Array): void;
  /** To be called before the end. */
  trailers(fields: readonly [string, string][]): void;
}
