import type { Route, RouteMatch, Service } from '@sallyport/gateway';
import type { ServedRequest } from '../http1/engine.ts';
import { RequestBody } from './body.ts';
import { RequestChanges, ResponseChanges } from './changes.ts';
import type { ConnectionFacts, Exchange, Identity, RequestHead } from './exchange.ts';

interface Parts {
  readonly id: string;
  readonly served: ServedRequest;
  /** Of this request: behind a trusted proxy not those of the connection. */
  readonly connection: ConnectionFacts;
  readonly request: RequestHead;
  readonly match: RouteMatch;
  readonly service: Service | undefined;
}

/** An {@link Exchange} on its way. */
export class LiveExchange implements Exchange {
  readonly id: string;
  readonly connection: ConnectionFacts;
  readonly request: RequestHead;
  readonly match: RouteMatch;
  readonly service: Service | undefined;
  readonly upstream = new RequestChanges();
  readonly answer = new ResponseChanges();
  readonly body: RequestBody | undefined;
  identity: Identity | undefined;
  readonly #served: ServedRequest;
  #abort: AbortController | undefined;

  constructor({ id, served, connection, request, match, service }: Parts) {
    this.id = id;
    this.connection = connection;
    this.request = request;
    this.match = match;
    this.service = service;
    this.#served = served;
    const type = request.header('content-type');
    this.body =
      served.body === undefined
        ? undefined
        : new RequestBody(served.body, type, () => served.sendContinue());
  }

  get route(): Route {
    return this.match.route;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#served.onGone(() => abort.abort());
      this.#abort = abort;
    }
    return this.#abort.signal;
  }

  async form(limit: number): Promise<URLSearchParams | undefined> {
    return await this.body?.form(limit);
  }
}
