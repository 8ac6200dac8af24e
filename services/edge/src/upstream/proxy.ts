import { upstreamPath } from '@sallyport/gateway';
import type { Clock, Logger } from '@sallyport/runtime';
import { withoutPairs } from '../exchange/body.ts';
import type { Answer } from '../exchange/exchange.ts';
import type { LiveExchange } from '../exchange/live-exchange.ts';
import type { Origin } from '../exchange/origin.ts';
import type { ServedRequest } from '../http1/engine.ts';
import { tokens } from '../http1/fields.ts';
import { message } from '../plugins/message.ts';
import { type AttemptResult, attempt } from './attempt.ts';
import { failureAnswer, type UpstreamFailure } from './failure.ts';
import { countUpstreamFailure } from './metrics.ts';
import type { Pools } from './pools.ts';
import { relay, responseFields } from './relay.ts';
import { PSEUDONYM, requestFields } from './request-fields.ts';
import { tunnel } from './tunnel.ts';

export interface ProxyPorts {
  readonly pools: Pools;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes; undefined: as large as they come. */
  readonly maxBody: number | undefined;
}

/** The last word on the fields of a response; undefined: it must not leave. */
export type BeforeHead = (status: number, fields: string[]) => Promise<string[] | undefined>;

const BROKEN = message(500, 'An unexpected error occurred');

/** A request that came by here so often goes round in circles: a service that leads back to us. */
const MOST_PASSES = 10;

/**
 * Passes a request on and its response back. Resolves with the status that left; with an {@link Answer} when there was no response to pass
 * back; with undefined when the client went away first.
 */
export async function proxy(
  ports: ProxyPorts,
  exchange: LiveExchange,
  served: ServedRequest,
  origin: Origin,
  beforeHead: BeforeHead,
): Promise<number | Answer | undefined> {
  const { logger } = ports;
  const { service } = exchange;
  if (service === undefined) return message(503, 'no Service found with those values');
  const failed = (failure: UpstreamFailure): Answer | undefined => {
    const { reason, error } = failure;
    if (reason === 'client-gone') return undefined;
    countUpstreamFailure(reason);
    logger.warn('upstream failed', {
      ...{ request: exchange.id, route: exchange.route.id, service: service.id, reason, error },
    });
    return failureAnswer(failure);
  };
  if (passes(served) >= MOST_PASSES) return failed({ reason: 'loop', unsent: true });
  const result = await ask(ports, exchange, served, origin);
  if (result.outcome === 'failed') return failed(result.failure);
  const { response } = result;
  if (result.outcome === 'upgraded') {
    const fields = await beforeHead(101, responseFields(response));
    if (served.gone || fields === undefined) {
      result.socket.destroy();
      return served.gone ? undefined : BROKEN;
    }
    const idleMs = Math.max(service.read_timeout, service.write_timeout);
    const granted = [...fields, 'connection', 'Upgrade', 'upgrade', 'websocket'];
    const client = served.upgrade({ status: 101, fields: granted });
    await tunnel(client, result.socket, result.head, idleMs);
    return 101;
  }
  const fields = await beforeHead(response.statusCode ?? 502, responseFields(response));
  if (served.gone || fields === undefined) {
    result.sending.stop();
    result.sending.request.destroy();
    return served.gone ? undefined : BROKEN;
  }
  let whole: boolean;
  try {
    whole = await relay(response, result.sending, served, fields);
  } catch (error) {
    // What came as a field can't be sent as one.
    result.sending.stop();
    result.sending.request.destroy();
    return failed({ reason: 'bad-response', unsent: false, error });
  }
  if (!whole && !served.gone) {
    countUpstreamFailure('reset');
    logger.warn('upstream broke off its response', { request: exchange.id, service: service.id });
  }
  return response.statusCode;
}

/** Tries as often as the service says, as long as nothing of the request was sent. */
async function ask(
  ports: ProxyPorts,
  exchange: LiveExchange,
  served: ServedRequest,
  origin: Origin,
): Promise<AttemptResult> {
  const { pools, clock, maxBody } = ports;
  const service = exchange.service as NonNullable<typeof exchange.service>;
  const agent = pools.agent(service);
  if (agent === undefined) {
    return { outcome: 'failed', failure: { reason: 'not-supported', unsent: true } };
  }
  const body = exchange.body?.outgoing(exchange.upstream.formFields);
  if (maxBody !== undefined && Number(served.fields.joined('content-length') ?? 0) > maxBody) {
    return { outcome: 'failed', failure: { reason: 'body-too-large', unsent: true } };
  }
  const expect = served.expectsContinue && body?.rest !== undefined && body.first.length === 0;
  const { websocket } = served;
  const fields = requestFields(exchange, served, origin, body, { websocket, expect });
  const path = targetOf(exchange);
  for (let left = service.retries; ; left -= 1) {
    const result = await attempt({
      ...{ agent, service, path, fields, served, body, maxBody, expect, clock },
    });
    if (result.outcome !== 'failed' || left === 0 || served.gone) return result;
    const { unsent, reason } = result.failure;
    // One time-out is what the operator allows for; six in a row would be a minute and more.
    if (!unsent || reason === 'connect-timeout' || reason === 'tls') return result;
  }
}

function targetOf({ request, route, service, match, upstream }: LiveExchange): string {
  const path = upstreamPath({
    base: service?.path ?? null,
    path: request.path,
    consumed: route.strip_path ? match.matchedLength : 0,
    handling: route.path_handling,
  });
  const query =
    upstream.query.size === 0 ? request.query : withoutPairs(request.query, upstream.query);
  return query === '' ? path : `${path}?${query}`;
}

function passes({ fields }: ServedRequest): number {
  const hops = fields.all('via');
  return hops.length === 0
    ? 0
    : tokens(hops).filter((hop) => hop.split(/\s+/)[1] === PSEUDONYM).length;
}
