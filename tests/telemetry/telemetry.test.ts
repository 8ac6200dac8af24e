import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { context, propagation } from '@opentelemetry/api';
import { AggregationTemporality, InMemoryMetricExporter } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import {
  createLogger,
  injectTrace,
  loadConfig,
  meter,
  tracer,
  withTrace,
} from '@sallyport/runtime';
import { startTelemetry, TelemetryRunningError, telemetryConfig } from '@sallyport/telemetry';
import ava from 'ava';
import { freePort } from '../world/program.ts';
import { until } from '../world/until.ts';

/** OpenTelemetry's API is one global per process, so the tests of this file take turns. */
const test = ava.serial;

const WHO = { service: 'edge', instance: 'i-1' };

async function configured(text = '', env: Record<string, string> = {}) {
  const files = [{ name: 'test.yaml', text }];
  return (await loadConfig({ sections: [telemetryConfig], files, env })).values.telemetry;
}

function capture() {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line), flush: async () => {} };
  return { lines, logger: createLogger({ sink }) };
}

async function collector(answer: (request: IncomingMessage) => boolean = () => true, status = 200) {
  const requests: { url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push({
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('latin1'),
    });
    if (answer(request)) response.writeHead(status).end();
  });
  server.on('connection', (socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    requests,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const quiet = async (text: string) => {
  const program = fileURLToPath(new URL('./quiet-process.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, text]);
  return JSON.parse(stdout) as { loaded: number; metrics: boolean };
};

test('with nothing configured no part of the SDK is loaded', async (t) => {
  t.deepEqual(await quiet(''), { loaded: 0, metrics: false });
  const off = '{ endpoint: "http://127.0.0.1:1", traces: false, metrics: false }';
  t.deepEqual(await quiet(`telemetry: { otlp: ${off} }`), { loaded: 0, metrics: false });
  // That the count would see it if it were loaded.
  const on = await quiet('telemetry: { prometheus: true }');
  t.true(on.loaded > 50, String(on.loaded));
  t.true(on.metrics);
});

test('without an SDK spans and instruments cost nothing and carry no headers', async (t) => {
  await using telemetry = await startTelemetry(await configured(), WHO);
  t.is(telemetry.metrics, undefined);
  await tracer('test').span('outer', {}, async () => {
    t.deepEqual(injectTrace(), {});
  });
  meter('test').counter('c', { description: 'd' }).add(1);
});

test('spans reach an exporter with service, parent and error, and log lines bear their ids', async (t) => {
  const spans = new InMemorySpanExporter();
  const { lines, logger } = capture();
  // Made before the SDK starts, as packages make theirs when they are imported.
  const early = tracer('test');
  await using telemetry = await startTelemetry(await configured(), {
    ...WHO,
    exporters: { spans },
  });
  await t.throwsAsync(
    early.span('outer', { kind: 'server', attributes: { a: 1 } }, async () => {
      logger.info('inside');
      await early.span('inner', { kind: 'client' }, async () => {});
      throw new Error('broke');
    }),
    { message: 'broke' },
  );
  logger.info('outside');
  await telemetry.flush(AbortSignal.timeout(1000));
  const [inner, outer] = spans.getFinishedSpans();
  t.is(outer?.name, 'outer');
  t.is(inner?.parentSpanContext?.spanId, outer?.spanContext().spanId);
  t.is(outer?.status.message, 'broke');
  t.like(outer?.resource.attributes, { 'service.name': 'edge', 'service.instance.id': 'i-1' });
  t.like(JSON.parse(lines[0] ?? ''), {
    trace_id: outer?.spanContext().traceId,
    span_id: outer?.spanContext().spanId,
  });
  t.false('trace_id' in JSON.parse(lines[1] ?? ''));
});

test('a trace goes on from its headers, and nothing but the trace travels', async (t) => {
  const spans = new InMemorySpanExporter();
  await using _ = await startTelemetry(await configured(), { ...WHO, exporters: { spans } });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const parent = { traceparent, baggage: 'user=alice' };
  const sent = await tracer('test').span('received', { kind: 'consumer', parent }, async () =>
    injectTrace(),
  );
  t.regex(sent['traceparent'] ?? '', /^00-0af7651916cd43dd8448eb211c80319c-/);
  t.deepEqual(Object.keys(sent), ['traceparent']);
  t.is(spans.getFinishedSpans()[0]?.parentSpanContext?.spanId, 'b7ad6b7169203331');
  t.is(withTrace(parent, injectTrace)['traceparent'], traceparent);
  t.deepEqual(withTrace({ traceparent: 'nonsense' }, injectTrace), {});
});

test('where spans aren’t recorded, log lines bear no ids', async (t) => {
  const { lines, logger } = capture();
  // Metrics alone: there is a context, but the ids of its spans are all zeros.
  await using _ = await startTelemetry(await configured('telemetry: { prometheus: true }'), WHO);
  await tracer('test').span('work', {}, async () => logger.info('inside'));
  t.false('trace_id' in JSON.parse(lines[0] ?? ''));
});

test('baggage that something put into the context doesn’t leave with a message', async (t) => {
  const spans = new InMemorySpanExporter();
  await using _ = await startTelemetry(await configured(), { ...WHO, exporters: { spans } });
  const baggage = propagation.createBaggage({ user: { value: 'alice' } });
  const sent = context.with(propagation.setBaggage(context.active(), baggage), injectTrace);
  t.deepEqual(sent, {});
});

test('after one SDK was shut down, another can be started and gets the spans', async (t) => {
  const long = tracer('test');
  const counter = meter('test').counter('c', { description: 'd' });
  for (let i = 0; i < 2; i += 1) {
    const spans = new InMemorySpanExporter();
    const config = await configured('telemetry: { prometheus: true }');
    await using telemetry = await startTelemetry(config, { ...WHO, exporters: { spans } });
    await long.span('work', {}, async () => {});
    counter.add(7);
    t.is(spans.getFinishedSpans().length, 1);
    t.regex((await telemetry.metrics?.())?.body ?? '', /^c_total 7$/m);
  }
});

test('two at a time in one process are refused', async (t) => {
  const config = await configured('telemetry: { prometheus: true }');
  await using _ = await startTelemetry(config, WHO);
  await t.throwsAsync(startTelemetry(config, WHO), { instanceOf: TelemetryRunningError });
});

test('a start whose signal is aborted is given up and leaves nothing behind', async (t) => {
  const config = await configured('telemetry: { prometheus: true }');
  const reason = new Error('stop');
  await t.throwsAsync(startTelemetry(config, { ...WHO, signal: AbortSignal.abort(reason) }), {
    is: reason,
  });
  await using _ = await startTelemetry(config, WHO);
});

test('the page for Prometheus has our instruments and the process, and nothing about its command line or host', async (t) => {
  const ours = meter('@sallyport/test');
  const handshakes = ours.counter('tls.handshakes', { description: 'TLS handshakes by outcome' });
  const open = ours.upDown('connections.open', { description: 'open connections' });
  const size = ours.gauge('cache.size', { description: 'entries' });
  const took = ours.histogram('handshake.duration', {
    description: 'd',
    unit: 's',
    buckets: [0.001, 0.1],
  });
  await using telemetry = await startTelemetry(
    await configured('telemetry: { prometheus: true }'),
    WHO,
  );
  handshakes.add(3, { outcome: 'ok' });
  open.add(2);
  open.add(-1);
  size.record(5);
  took.record(0.004);
  const page = await telemetry.metrics?.();
  t.is(page?.contentType, 'text/plain; version=0.0.4; charset=utf-8');
  const body = page?.body ?? '';
  t.regex(body, /^tls_handshakes_total\{outcome="ok"\} 3$/m);
  t.regex(body, /^connections_open 1$/m);
  t.regex(body, /^cache_size 5$/m);
  t.regex(body, /^handshake_duration_seconds_bucket\{le="0.1"\} 1$/m);
  t.regex(body, /^process_memory_usage_bytes \d+$/m);
  t.regex(body, /^process_cpu_time_seconds_total\{.*\} [\d.]+$/m);
  t.regex(body, /^target_info\{.*service_name="edge".*\} 1$/m);
  for (const leak of [
    process.cwd(),
    process.execPath,
    'argv',
    'command',
    'host_name',
    'process_owner',
  ]) {
    t.false(body.includes(leak), leak);
  }
});

test('metrics reach an exporter', async (t) => {
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  await using telemetry = await startTelemetry(await configured(), {
    ...WHO,
    exporters: { metrics },
  });
  meter('test').counter('jobs', { description: 'd' }).add(2);
  await telemetry.flush(AbortSignal.timeout(5000));
  const names = metrics
    .getMetrics()
    .flatMap((r) => r.scopeMetrics.flatMap((s) => s.metrics.map((m) => m.descriptor.name)));
  t.true(names.includes('jobs'));
});

test('spans and metrics are sent to the collector with its headers when telemetry is disposed', async (t) => {
  await using there = await collector();
  const config = await configured(
    `telemetry: { otlp: { endpoint: "${there.endpoint}/base/", metrics: true, headers: { x-token: "env:T" } } }`,
    { T: 'the-token' },
  );
  const telemetry = await startTelemetry(config, WHO);
  await tracer('test').span('a-span-to-find', {}, async () => {});
  meter('test').counter('a.metric', { description: 'd' }).add(2);
  await telemetry[Symbol.asyncDispose]();
  t.deepEqual(there.requests.map((r) => r.url).sort(), ['/base/v1/metrics', '/base/v1/traces']);
  t.true(there.requests.every((r) => r.headers['x-token'] === 'the-token'));
  t.true(there.requests.some((r) => r.body.includes('a-span-to-find')));
});

test('a sample ratio of 0 records no trace begun here, but keeps a caller’s decision', async (t) => {
  const spans = new InMemorySpanExporter();
  const config = await configured('telemetry: { sample_ratio: 0 }');
  await using _ = await startTelemetry(config, { ...WHO, exporters: { spans } });
  await tracer('test').span('ours', {}, async () => {});
  const parent = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  await tracer('test').span('theirs', { parent }, async () => {});
  t.deepEqual(
    spans.getFinishedSpans().map((s) => s.name),
    ['theirs'],
  );
});

for (const [title, endpoint, answer] of [
  ['refuses connections', async () => `http://127.0.0.1:${await freePort()}`, undefined],
  ['accepts and never answers', undefined, () => false],
] as const) {
  test(`a collector that ${title} delays no span, ends within the deadline and is said once`, async (t) => {
    await using there = await collector(answer ?? (() => true));
    const { lines, logger } = capture();
    const address = endpoint === undefined ? there.endpoint : await endpoint();
    const config = await configured(
      `telemetry: { otlp: { endpoint: "${address}", headers: { authorization: "env:T" }, timeout: 1m } }`,
      { T: 'Bearer hunter2' },
    );
    const telemetry = await startTelemetry(config, { ...WHO, logger });
    const began = performance.now();
    for (let i = 0; i < 5000; i += 1) await tracer('test').span('work', {}, async () => {});
    t.true(performance.now() - began < 2000, 'spans wait for the collector');
    const ending = performance.now();
    await telemetry[Symbol.asyncDispose]();
    t.true(performance.now() - ending < 5000, 'the end waits for the collector');
    await until(() => lines.length > 0);
    t.true(lines.length <= 4, lines.join(''));
    t.false(lines.join('').includes('hunter2'));
  });
}

test('a collector that refuses every batch is complained about once a minute, not once a batch', async (t) => {
  await using there = await collector(() => true, 400);
  const { lines, logger } = capture();
  const config = await configured(`telemetry: { otlp: { endpoint: "${there.endpoint}" } }`);
  await using _ = await startTelemetry(config, { ...WHO, logger });
  for (let batch = 1; batch <= 4; batch += 1) {
    // As many as make a batch of their own accord (512).
    for (let i = 0; i < 512; i += 1) await tracer('test').span('work', {}, async () => {});
    await until(() => there.requests.length === batch, 'the batch is sent');
    await until(() => lines.length > 0, 'it is complained about');
  }
  t.is(lines.length, 1, lines.join(''));
});
