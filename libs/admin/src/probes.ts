import type { HealthReport } from '@sallyport/runtime';
import { Type } from 'typebox';
import type { AdminPorts, AdminRouter } from './ports.ts';
import { problem } from './problem.ts';

const Report = Type.Object({
  ok: Type.Boolean(),
  checks: Type.Array(
    Type.Object({
      name: Type.String(),
      ok: Type.Boolean(),
      reason: Type.Optional(Type.String()),
    }),
  ),
});

/** `/livez`, `/readyz`, `/metrics`: what orchestrators and Prometheus ask. */
export function addProbes(router: AdminRouter, { health, metrics, logger }: AdminPorts): void {
  const probe = (path: string, summary: string, ask: () => Promise<HealthReport>) =>
    router.get(
      path,
      { schema: { summary, tags: ['health'], response: { 200: Report, 503: Report } } },
      async (_request, reply) => {
        const report = await ask();
        const checks = report.checks.map((check) => ({ ...check }));
        return reply.code(report.ok ? 200 : 503).send({ ok: report.ok, checks });
      },
    );
  probe('/livez', 'Whether the process should be left running', () => health.live());
  probe('/readyz', 'Whether the process should get work', () => health.ready());

  router.get(
    '/metrics',
    { schema: { summary: 'Metrics for Prometheus', tags: ['health'], produces: ['text/plain'] } },
    async (_request, reply) => {
      if (metrics === undefined) {
        return problem(reply, 404, 'metrics are off: telemetry.prometheus is false');
      }
      try {
        const page = await metrics();
        return reply.type(page.contentType).send(page.body);
      } catch (error) {
        logger.error('metrics could not be collected', { error });
        return problem(reply, 500, 'the metrics could not be collected, see the log');
      }
    },
  );
}
