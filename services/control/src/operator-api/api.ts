import { type Access, problem, type RouteGroup } from '@sallyport/admin';
import type { Bus } from '@sallyport/bus';
import type { Clock, Logger } from '@sallyport/runtime';
import { mountCertificates } from './certificates.ts';
import { mountDeadLetters } from './dead-letters.ts';
import { mountEvents } from './events/route.ts';
import { mountOn } from './operation.ts';
import { answerProblem, Problem, problemOf } from './problem.ts';
import { mountSessions } from './sessions.ts';
import { mountSystem, type SystemPorts } from './system.ts';

export interface OperatorApiPorts extends SystemPorts {
  readonly bus: Pick<Bus, 'events' | 'rpc' | 'deadLetters'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxTails: number;
  /** Aborts when control drains. */
  readonly draining: AbortSignal;
  /** Aborts when requests in flight shall end. */
  readonly signal: AbortSignal;
  uuid(): string;
}

/** What operators ask of a running system, and what the `sallyport` command asks for them. */
export function operatorApi(ports: OperatorApiPorts, access: Access): RouteGroup {
  return {
    prefix: '/operator/v1',
    access,
    register(router) {
      const { bus, logger, signal } = ports;
      // What services answer was checked against its contract already.
      router.setSerializerCompiler(() => (body) => JSON.stringify(body));
      router.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
        const known = problemOf(error) ?? asked(error);
        if (known !== undefined) return answerProblem(reply, known);
        const { method } = request;
        logger.error('request failed', { method, route: request.routeOptions.url, error });
        return problem(reply, 500, 'the request failed, see the log');
      });
      const mount = mountOn(router, signal);
      mountEvents(router, { ...ports, events: bus.events });
      mountCertificates(mount, bus);
      mountSessions(mount, bus, ports);
      mountDeadLetters(mount, bus);
      mountSystem(mount, ports);
      router.all('/*', { schema: { hide: true } }, (_request, reply) =>
        problem(reply, 404, 'there is nothing here'),
      );
    },
  };
}

/** What the listener itself refuses: a query that doesn't fit, a body that can't be read. */
function asked({ statusCode = 500, message }: Error & { statusCode?: number }) {
  return statusCode >= 400 && statusCode < 500 ? new Problem(400, message) : undefined;
}
