import { requestTerminationPlugin } from '@sallyport/gateway';
import type { Answer, Exchange } from '../exchange/exchange.ts';
import type { EdgePlugin } from './plugin.ts';

interface Config {
  readonly status_code: number;
  readonly message: string | null;
  readonly body: string | null;
  readonly content_type: string | null;
  readonly echo: boolean;
  readonly trigger: string | null;
}

/** What is said where the operator said nothing, as in Kong. */
const SENTENCES: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  404: 'Not found',
  405: 'Method not allowed',
  500: 'An unexpected error occurred',
  502: 'Bad Gateway',
  503: 'Service unavailable',
};

const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers by itself: always, or for requests with a header or query argument named `trigger`. */
export function requestTermination(): EdgePlugin {
  return {
    schema: requestTerminationPlugin,
    configure(entity) {
      const config = entity.config as unknown as Config;
      const fixed = config.echo ? undefined : fixedAnswer(config);
      return {
        access(exchange) {
          if (config.trigger !== null && !triggered(exchange, config.trigger)) return undefined;
          return fixed ?? echo(config, exchange);
        },
      };
    },
  };
}

function triggered({ request }: Exchange, trigger: string): boolean {
  return (
    request.header(trigger.toLowerCase()) !== undefined ||
    new URLSearchParams(request.query).has(trigger)
  );
}

function fixedAnswer({ status_code: status, body, content_type, message }: Config): Answer {
  if (body !== null)
    return { status, headers: { 'content-type': content_type ?? JSON_TYPE }, body };
  const sentence = message ?? SENTENCES[status];
  if (sentence === undefined) return { status };
  return {
    status,
    headers: { 'content-type': JSON_TYPE },
    body: JSON.stringify({ message: sentence }),
  };
}

/** For operators who look whether a request comes to the route that they think. */
function echo({ status_code: status, message }: Config, exchange: Exchange): Answer {
  const { request, connection, route, service } = exchange;
  const query = new URLSearchParams(request.query);
  const names = [...new Set(query.keys())];
  const content = {
    message: message ?? SENTENCES[status],
    request: {
      id: exchange.id,
      scheme: connection.scheme,
      host: request.host?.name,
      port: connection.local.port,
      method: request.method,
      path: request.path,
      query: Object.fromEntries(names.map((name) => [name, query.getAll(name)])),
    },
    matched_route: route,
    ...(service === undefined ? {} : { matched_service: service }),
  };
  return { status, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(content) };
}
