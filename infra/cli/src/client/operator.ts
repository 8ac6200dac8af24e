import type { Clock } from '@sallyport/runtime';
import { NoAnswerError, RefusedError } from './errors.ts';
import type { OperatorAccess } from './operator-file.ts';
import { type ServerSentEvent, serverSentEvents } from './sse.ts';

/** The operator API of a running system. */
export interface OperatorClient {
  /** Where it is asked. */
  readonly url: string;
  /**
   * The answer to one request. `NoAnswerError` when nothing answers there in time; `RefusedError` with what it says when
   * the answer isn't the one asked for.
   */
  ask<Answer>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Answer>;
  /**
   * The events of the system, until the signal aborts. When the connection is lost it comes again and goes on where it was;
   * `NoAnswerError` when nothing answers at first, or later for half a minute.
   */
  tail(query: TailQuery): AsyncGenerator<string, void>;
}

interface TailQuery {
  readonly types: readonly string[];
  /** `new`, `all` or a time as in RFC 3339. */
  readonly from: string;
  /** Told why when the connection is lost, before it comes again. */
  readonly onLost: (reason: string) => void;
}

interface ClientOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long a plain request may take, milliseconds. Default 15,000: more than control waits for a service. */
  readonly timeoutMs?: number;
}

const BASE = '/operator/v1';
const RETRY_MS = 1000;
const GIVE_UP_MS = 30_000;

export function operatorClient(
  { url, token }: OperatorAccess,
  { clock, signal, timeoutMs = 15_000 }: ClientOptions,
): OperatorClient {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };

  /** Rejects as {@link OperatorClient.ask}. `within` limits the wait for the head of the answer. */
  async function send(path: string, init: RequestInit, within: AbortSignal): Promise<Response> {
    let response: Response;
    try {
      // A redirection would take the token elsewhere.
      response = await fetch(`${url}${BASE}${path}`, {
        redirect: 'error',
        ...init,
        signal: within,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw new NoAnswerError(`nothing answers at ${url} (${reasonOf(error)})`, { cause: error });
    }
    if (!response.ok) throw await refusal(response);
    return response;
  }

  async function* connection(query: TailQuery, lastId: string): AsyncGenerator<ServerSentEvent> {
    const head = new AbortController();
    const both = AbortSignal.any([signal, head.signal]);
    const timer = setTimeout(() => head.abort(new Error('no answer in time')), timeoutMs);
    const params = new URLSearchParams({ from: query.from });
    for (const type of query.types) params.append('type', type);
    const resume = lastId === '' ? {} : { 'last-event-id': lastId };
    let response: Response;
    try {
      const asked = { ...headers, ...resume, accept: 'text/event-stream' };
      response = await send(`/events?${params}`, { headers: asked }, both);
    } finally {
      clearTimeout(timer);
    }
    yield { event: 'open', data: response.headers.get('date') ?? '', lastEventId: lastId };
    if (response.body !== null) yield* serverSentEvents(response.body);
  }

  return {
    url,
    async ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
      const json = body === undefined ? {} : { 'content-type': 'application/json' };
      const init = {
        ...{ method, headers: { ...headers, ...json, accept: 'application/json' } },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      };
      const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const response = await send(path, init, within);
      try {
        return (await response.json()) as Answer;
      } catch (error) {
        signal.throwIfAborted();
        throw new NoAnswerError(`${url} broke off its answer (${reasonOf(error)})`, {
          cause: error,
        });
      }
    },
    async *tail(query) {
      let lastId = '';
      let { from } = query;
      let heard: number | undefined;
      while (!signal.aborted) {
        let lost = 'it ended the stream';
        try {
          for await (const message of connection({ ...query, from }, lastId)) {
            const { event, data, lastEventId } = message;
            heard = clock.monotonic();
            // Before anything has an id, what comes after a loss is from the time of the first answer on.
            if (event === 'open' && from === 'new') from = timeOf(data) ?? from;
            else if (event === 'message') yield data;
            else if (event === 'end') lost = 'control is stopping';
            if (lastEventId !== '') lastId = lastEventId;
          }
        } catch (error) {
          if (signal.aborted) return;
          const passing =
            error instanceof NoAnswerError ||
            (error instanceof RefusedError && error.status >= 500);
          if (error instanceof RefusedError && !passing) throw error;
          const silent = heard === undefined ? GIVE_UP_MS : clock.monotonic() - heard;
          if (passing && silent >= GIVE_UP_MS) throw error;
          lost = (error as Error).message;
        }
        if (signal.aborted) return;
        query.onLost(lost);
        await clock.sleep(RETRY_MS, signal).catch(() => {});
      }
    },
  };
}

/** HTTP's date as RFC 3339; in whole seconds, so perhaps a little early. */
function timeOf(date: string): string | undefined {
  const time = Date.parse(date);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

async function refusal(response: Response): Promise<RefusedError> {
  const { status } = response;
  const text = await response.text().catch(() => '');
  let detail = `HTTP ${status}`;
  try {
    const body = JSON.parse(text) as { detail?: unknown; message?: unknown };
    const said = body.detail ?? body.message;
    if (typeof said === 'string') detail = `${said} (HTTP ${status})`;
  } catch {
    // not a document of ours: the status says what there is to say
  }
  const hint = status === 401 ? '; give it by --token or SALLYPORT_TOKEN' : '';
  return new RefusedError(status, `${detail}${hint}`);
}

/** fetch says "fetch failed" and keeps what happened in its cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as Error;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  const { code, message } = (inner ?? error) as NodeJS.ErrnoException;
  return code ?? message;
}
