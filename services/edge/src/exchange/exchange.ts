import type { Consumer, RequestHost, Route, Service } from '@sallyport/gateway';
import type { ClientCertificate } from '../front/client-certificate.ts';
import type { ClientAddress } from '../front/ports.ts';

/** One request, and what is found out about it on its way through the chain of plugins. */
export interface Exchange {
  /** Unique across processes; also in the log and in the header `x-request-id` that the upstream gets. */
  readonly id: string;
  readonly connection: ConnectionFacts;
  readonly request: RequestHead;
  readonly route: Route;
  /** Undefined for a route without one: unless a plugin answers, that is 503. */
  readonly service: Service | undefined;
  /** Who it is; set by the first plugin that recognises them. */
  identity: Identity | undefined;
  /** What the upstream gets differently from what the client sent. */
  readonly upstream: UpstreamChanges;
  /** Header fields of the response, whoever makes it. */
  readonly answer: AnswerChanges;
  /** Aborts when the client is gone or the edge cuts what is left. */
  readonly signal: AbortSignal;
  /**
   * The fields of a body of type `application/x-www-form-urlencoded`; undefined for another type, or for more than `limit`
   * bytes. What was read goes to the upstream all the same.
   */
  form(limit: number): Promise<URLSearchParams | undefined>;
}

export interface ConnectionFacts {
  readonly id: string;
  readonly scheme: 'http' | 'https';
  /** Who connected, behind trusted proxies if that is configured. */
  readonly client: ClientAddress;
  readonly local: ClientAddress;
  /** The rest is of TLS connections only. */
  readonly serverName?: string | undefined;
  /** Such as `TLSv1.3`. */
  readonly protocol?: string | undefined;
  readonly cipher?: string | undefined;
  /** The full handshake behind this connection. */
  readonly handshake?: string | undefined;
  readonly clientCertificate?: ClientCertificate | undefined;
}

export interface RequestHead {
  readonly method: string;
  /** As it was sent. */
  readonly target: string;
  /** Normalised, without the query. */
  readonly path: string;
  /** As it was sent, without `?`; empty when there is none. */
  readonly query: string;
  readonly host: RequestHost | undefined;
  readonly version: '1.0' | '1.1' | '2';
  /** All values of a field, joined as RFC 9110 section 5.3 has it, `cookie` by `; `. `name` in lower case. */
  header(name: string): string | undefined;
  /** The values of a field, in their order. */
  headers(name: string): readonly string[];
}

/** Who a request is from. */
export interface Identity {
  readonly consumer: Consumer | undefined;
  /** Names them also where there is no consumer: the account, or the consumer's username, custom id or id. */
  readonly subject: string;
  /** Id of what they showed: of a key-auth credential, or `login:<account>` of a login that the pipeline accepted. */
  readonly credential: string | undefined;
  readonly groups: readonly string[];
  /** Nobody showed anything; the route takes them for this consumer. Never gets a session. */
  readonly anonymous: boolean;
  /** Public id of the session that they were recognised by. */
  readonly session: string | undefined;
}

export interface UpstreamChanges {
  setHeader(name: string, value: string): void;
  removeHeader(name: string): void;
  /** Takes every argument of this name out of the query. */
  removeQuery(name: string): void;
  /** Takes every field of this name out of a form body that {@link Exchange.form} has read. */
  removeFormField(name: string): void;
}

export interface AnswerChanges {
  /** In place of all of that name. */
  setHeader(name: string, value: string): void;
  addHeader(name: string, value: string): void;
}

/** A response that the edge makes by itself. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}
