import type { Clock, Ids, Logger } from '@sallyport/runtime';
import type { HttpChallenges } from '../certificates/challenges.ts';
import { type Chain, runAccess, runLog, runResponse } from '../gateway/chain.ts';
import type { GatewayVersion } from '../gateway/version.ts';
import type { ServedRequest } from '../http1/engine.ts';
import { message, unavailable } from '../plugins/message.ts';
import { type ProxyPorts, proxy } from '../upstream/proxy.ts';
import { send } from './answer.ts';
import { answerChallenge, isChallenge } from './challenge.ts';
import type { Answer, RequestHead } from './exchange.ts';
import { readHead } from './head.ts';
import { LiveExchange } from './live-exchange.ts';
import { countRequest } from './metrics.ts';
import { type Origin, originOf, type TrustedProxies } from './origin.ts';
import { toHttps } from './redirect.ts';

export interface HandlerPorts {
  readonly current: () => GatewayVersion;
  readonly challenges: HttpChallenges;
  readonly proxy: ProxyPorts;
  readonly trusted: TrustedProxies;
  readonly maxFields: number;
  /** The port that redirects to https lead to. */
  readonly httpsPort: () => number;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

/** Takes a request from its head to the end of its response. Never rejects. */
export function requestHandler(ports: HandlerPorts): (served: ServedRequest) => Promise<void> {
  const { clock, ids, logger } = ports;
  return async (served) => {
    const began = clock.monotonic();
    const id = ids.next();
    const done = (status: number | undefined) => {
      const ms = clock.monotonic() - began;
      countRequest(served.connection.scheme, served.gone ? undefined : status, ms);
      return ms;
    };
    try {
      const request = readHead(served, ports.maxFields);
      if ('status' in request) {
        await send(served, id, message(request.status, request.text), { close: true });
        done(request.status);
        return;
      }
      // RFC 8555 section 8.3: validation comes over plain HTTP.
      if (served.connection.scheme === 'http' && isChallenge(request)) {
        const answer = await challengeAnswer(ports, request);
        await send(served, id, answer);
        done(answer.status);
        return;
      }
      await route(ports, served, request, id, done);
    } catch (error) {
      logger.error('request failed', { request: id, error });
      done(await giveUp(served, id));
    }
  };
}

/** After an error of ours: 500, or the end of the connection where the head has left already. */
async function giveUp(served: ServedRequest, id: string): Promise<number | undefined> {
  try {
    await send(served, id, message(500, 'An unexpected error occurred'), { close: true });
    return 500;
  } catch {
    served.cut();
    return undefined;
  }
}

async function challengeAnswer(
  { challenges, logger }: HandlerPorts,
  request: RequestHead,
): Promise<Answer> {
  try {
    return await answerChallenge(challenges, request);
  } catch (error) {
    logger.warn('a challenge could not be looked up', { host: request.host?.name, error });
    return unavailable('Service unavailable', 1000);
  }
}

async function route(
  ports: HandlerPorts,
  served: ServedRequest,
  request: RequestHead,
  id: string,
  done: (status: number | undefined) => number,
): Promise<void> {
  const { logger } = ports;
  const origin = originOf(served.connection, served.fields, ports.trusted);
  const { scheme, serverName } = origin.connection;
  const version = ports.current();
  const match = version.router.match({
    scheme,
    method: request.method,
    host: request.host,
    path: request.path,
    sni: serverName,
    headers: request.headers,
  });
  if (match === undefined) {
    await send(served, id, message(404, 'no Route matched with those values'));
    done(404);
    return;
  }
  if (!match.route.protocols.includes(scheme)) {
    const answer = toHttps(match.route, request, ports.httpsPort());
    await send(served, id, answer);
    done(answer.status);
    return;
  }
  const service = version.serviceOf(match.route);
  const exchange = new LiveExchange({
    ...{ id, served, connection: origin.connection, request, match, service },
  });
  const chain = version.chain(match.route, scheme);
  const status = await run(ports, chain, exchange, served, origin);
  const durationMs = done(status);
  if (chain.steps.length > 0) {
    runLog(chain, exchange, { status: served.gone ? undefined : status, durationMs }, (error) => {
      logger.error('log hook failed', { request: id, error });
    });
  }
}

/** The chain, the upstream, the response; the status that left. */
async function run(
  ports: HandlerPorts,
  chain: Chain,
  exchange: LiveExchange,
  served: ServedRequest,
  origin: Origin,
): Promise<number | undefined> {
  const { id } = exchange;
  const broke = (phase: string, error: unknown): Answer => {
    ports.logger.error('plugin failed', { request: id, route: exchange.route.id, phase, error });
    return message(500, 'An unexpected error occurred');
  };
  let answer: Answer | undefined;
  if (chain.steps.length > 0) {
    try {
      answer = await runAccess(chain, exchange);
    } catch (error) {
      answer = broke('access', error);
    }
  }
  let hookFailure: Answer | undefined;
  /** Once: a response hook that fails doesn't get the failure's response as well. */
  const hooks = async (status: number) => {
    if (chain.steps.length === 0) return;
    try {
      await runResponse(chain, exchange, status);
    } catch (error) {
      hookFailure = broke('response', error);
    }
  };
  if (answer === undefined) {
    if (served.gone) return undefined;
    const outcome = await proxy(ports.proxy, exchange, served, origin, async (status, fields) => {
      await hooks(status);
      if (hookFailure !== undefined) return undefined;
      return exchange.answer.apply([...withoutRequestId(fields), 'x-request-id', id]);
    });
    if (typeof outcome !== 'object') return outcome;
    answer = outcome;
  }
  if (hookFailure === undefined) await hooks(answer.status);
  const final = hookFailure ?? answer;
  const changes = hookFailure === undefined ? exchange.answer : undefined;
  await send(served, id, final, changes === undefined ? {} : { changes });
  return final.status;
}

/** The response bears the id that our log and the upstream know. */
function withoutRequestId(fields: readonly string[]): readonly string[] {
  const at = fields.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'x-request-id');
  return at === -1 ? fields : fields.toSpliced(at, 2);
}
