import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** UCUM unit → what Prometheus' naming rules put at the end of a name. Units in braces are only remarks. */
const SUFFIX: Readonly<Record<string, string>> = {
  s: 'seconds',
  ms: 'milliseconds',
  By: 'bytes',
  '1': 'ratio',
};

/**
 * The metrics named for Prometheus: `handshake.duration` in `s` becomes `handshake_duration_seconds`, as the
 * OpenTelemetry specification wants it (Prometheus and OpenMetrics compatibility, "Metric Metadata"). The
 * exporter of the SDK leaves the unit out.
 */
export function withUnits(metrics: ResourceMetrics): ResourceMetrics {
  return {
    ...metrics,
    scopeMetrics: metrics.scopeMetrics.map((scope) => ({
      ...scope,
      metrics: scope.metrics.map((metric) => {
        const { name, unit } = metric.descriptor;
        const suffix = Object.hasOwn(SUFFIX, unit) ? SUFFIX[unit] : undefined;
        const named = suffix === undefined || name.endsWith(suffix) ? name : `${name}.${suffix}`;
        return { ...metric, descriptor: { ...metric.descriptor, name: named, unit: '' } };
      }),
    })),
  };
}
