import { join } from 'node:path';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import type { Bus, BusOptions } from '@sallyport/bus';
import { openLocalHub } from '@sallyport/bus/local';
import { openNatsBus } from '@sallyport/bus/nats';
import { defineEvent, defineJob, defineRpc } from '@sallyport/contracts';
import { createLogger, loadConfig, randomIds, systemClock, tracer } from '@sallyport/runtime';
import { startTelemetry, telemetryConfig } from '@sallyport/telemetry';
import ava, { type ExecutionContext } from 'ava';
import { Type } from 'typebox';
import { startNats } from '../world/nats.ts';
import { testWith } from '../world/needs.ts';
import { tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';

const data = Type.Object({ n: Type.Integer() });
const decide = defineRpc({ type: 'trial.decide', version: 1, summary: 's', data, reply: data });
const mail = defineJob({ type: 'trial.mail', version: 1, summary: 's', data });
const mailed = defineEvent({ type: 'trial.mailed', version: 1, summary: 's', data });

function options(name: string): BusOptions {
  const ids = randomIds(systemClock);
  return { source: `/trial/${name}`, instance: name, clock: systemClock, ids };
}

/** Edge asks auth; auth orders a mail; actions sends it and says so; an analyst reads that. */
async function oneTrace(t: ExecutionContext, connect: (name: string) => Promise<Bus>) {
  const exporter = new InMemorySpanExporter();
  const { values } = await loadConfig({ sections: [telemetryConfig] });
  await using stack = new AsyncDisposableStack();
  stack.use(
    await startTelemetry(values.telemetry, {
      service: 'trial',
      instance: 'i',
      exporters: { spans: exporter },
    }),
  );
  const lines: string[] = [];
  const logger = createLogger({
    sink: { write: (line) => void lines.push(line), flush: async () => {} },
  });
  const [edge, auth, actions, analyst] = await Promise.all(
    ['edge', 'auth', 'actions', 'analyst'].map(async (name) => stack.use(await connect(name))),
  );
  if (!edge || !auth || !actions || !analyst) return t.fail();

  stack.use(
    await auth.rpc.respond(decide, {}, async ({ n }) => {
      await auth.jobs.enqueue(mail, { n });
      return { n: n + 1 };
    }),
  );
  stack.use(
    await actions.jobs.work(mail, {}, async (job) => {
      await actions.events.record(mailed, job.data);
      return undefined;
    }),
  );
  stack.use(
    await analyst.events.subscribe(mailed, { durable: 'analyst' }, () => {
      logger.info('read');
    }),
  );
  await tracer('trial').span('request', { kind: 'server' }, () =>
    edge.rpc.request(decide, { n: 1 }),
  );
  await until(() => lines.length > 0, 'the event arrives');

  const chain = [
    ...['request', 'request rpc.trial.decide.v1', 'respond rpc.trial.decide.v1'],
    ...['publish job.trial.mail.v1', 'process job.trial.mail.v1'],
    ...['publish evt.trial.mailed.v1', 'process evt.trial.mailed.v1'],
  ];
  const spans = () => exporter.getFinishedSpans();
  await until(() => spans().length >= chain.length, 'every span has ended');
  t.is(new Set(spans().map((span) => span.spanContext().traceId)).size, 1);
  let parent: string | undefined;
  for (const name of chain) {
    const found = spans().filter((span) => span.name === name);
    t.is(found.length, 1, name);
    t.is(found[0]?.parentSpanContext?.spanId, parent, `${name} has the wrong parent`);
    parent = found[0]?.spanContext().spanId;
  }
  t.like(JSON.parse(lines[0] ?? '{}'), {
    trace_id: spans()[0]?.spanContext().traceId,
    span_id: parent,
  });
}

// Serial: OpenTelemetry's API is one global per process.
ava.serial(
  'one trace goes through rpc, job and event over the local bus, log line included',
  async (t) => {
    await using dir = await tempDir();
    await using hub = await openLocalHub({ path: join(dir.path, 'bus.db'), clock: systemClock });
    await oneTrace(t, async (name) => hub.connect(options(name)));
  },
);

testWith('nats-server').serial(
  'one trace goes through rpc, job and event over NATS, log line included',
  async (t) => {
    await using server = await startNats();
    await oneTrace(t, (name) =>
      openNatsBus({ servers: server.url, service: name, ...options(name) }),
    );
  },
);
