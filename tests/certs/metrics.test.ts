import { AggregationTemporality, InMemoryMetricExporter } from '@opentelemetry/sdk-metrics';
import { loadConfig } from '@sallyport/runtime';
import { startTelemetry, telemetryConfig } from '@sallyport/telemetry';
import test from 'ava';
import { embeddedGround, openCertsWorld } from './certs-world.ts';

test('answers, issuances and faults are counted by what came of them, without names', async (t) => {
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const { values } = await loadConfig({ sections: [telemetryConfig] });
  await using telemetry = await startTelemetry(values.telemetry, {
    ...{ service: 'certs', version: '0', instance: 'certs-1' },
    exporters: { metrics },
  });
  await using world = await openCertsWorld(embeddedGround);
  await world.start({ allow: { patterns: ['*.localhost', '*.sallyport-trial.com'] } });
  await world.obtain('count.localhost');
  await world.obtain('count.localhost');
  await world.obtain('foreign.sallyport-trial.com');
  await world.obtain('denied.example');
  await telemetry.flush(AbortSignal.timeout(5000));
  const points = metrics
    .getMetrics()
    .flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics: all }) =>
        all.flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => ({ name: descriptor.name, attributes, value })),
        ),
      ),
    );
  const counted = (name: string) =>
    points
      .filter((point) => point.name === name)
      .map(({ attributes, value }) => [attributes, value])
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  t.deepEqual(counted('sallyport.certs.asked'), [
    [{ outcome: 'ready' }, 2],
    [{ outcome: 'refused', reason: 'not-allowed' }, 1],
    [{ outcome: 'refused', reason: 'scope' }, 1],
  ]);
  t.deepEqual(counted('sallyport.certs.issuances'), [
    [{ outcome: 'failed', issuer: 'none', renewal: false, reason: 'scope' }, 1],
    [{ outcome: 'issued', issuer: 'internal', renewal: false }, 1],
  ]);
  t.true(points.some(({ name }) => name === 'sallyport.certs.wait'));
  t.true(points.some(({ name }) => name === 'sallyport.certs.issuance.duration'));
  t.false(JSON.stringify(points).includes('localhost'));
});
