import { readFile } from 'node:fs/promises';
import { Parser } from '@asyncapi/parser';
import { asyncapi, catalogue, DROPPED } from '@sallyport/contracts';
import test from 'ava';

const root = new URL('../../', import.meta.url);
const { version } = JSON.parse(
  await readFile(new URL('libs/contracts/package.json', root), 'utf8'),
) as { version: string };

test('the AsyncAPI parser finds no fault in the document', async (t) => {
  const text = JSON.stringify(asyncapi(catalogue, { prefix: 'sallyport', version }));
  const { document, diagnostics } = await new Parser().parse(text);
  // Severity 0 and 1 are errors and warnings; beneath are hints of style.
  t.deepEqual(
    diagnostics.filter((d) => d.severity < 2).map((d) => `${d.path.join('.')}: ${d.message}`),
    [],
  );
  const channels = document?.channels().all() ?? [];
  const addresses = channels.map((channel) => channel.address()).filter((a) => a !== null);
  t.deepEqual(
    addresses.sort(),
    catalogue.map((contract) => `sallyport.${contract.subject}`).sort(),
  );
  for (const channel of channels) t.is(channel.messages().length, 1);
  t.is(document?.operations().all().length, catalogue.length);
});

test('an event is described as a batch of its own envelope and of drop notices', async (t) => {
  const text = JSON.stringify(asyncapi(catalogue, { prefix: 'gate', version }));
  const { document } = await new Parser().parse(text);
  const message = document?.channels().get('evt.tls.handshake-completed.v1')?.messages().all()[0];
  t.is(message?.contentType(), 'application/cloudevents-batch+json');
  const payload = message?.payload()?.json() as {
    type: string;
    items: { oneOf: { properties: { type: { const: string }; data: object } }[] };
  };
  t.is(payload.type, 'array');
  t.deepEqual(
    payload.items.oneOf.map((envelope) => envelope.properties.type.const),
    ['sallyport.tls.handshake-completed.v1', DROPPED],
  );
});

test('a request, its answer, a job and a feed are described with their headers', async (t) => {
  const text = JSON.stringify(asyncapi(catalogue, { prefix: 'sallyport', version }));
  const { document } = await new Parser().parse(text);
  const message = (channel: string) => document?.channels().get(channel)?.messages().all()[0];
  const headers = (channel: string) =>
    Object.keys(message(channel)?.headers()?.properties() ?? {}).sort();
  t.deepEqual(headers('rpc.auth.decide.v1'), ['sp-key', 'sp-timeout', 'traceparent']);
  t.deepEqual(headers('rpc.auth.decide.v1.reply'), ['sp-status', 'traceparent']);
  t.deepEqual(headers('job.actions.run.v1'), ['sp-id', 'sp-time', 'traceparent']);
  t.deepEqual(Object.keys(message('feed.bans.v1')?.payload()?.properties() ?? {}), [
    ...['epoch', 'version', 'delta'],
  ]);
  const reply = document?.operations().get('receive.rpc.auth.decide.v1')?.reply();
  t.is(reply?.channel()?.id(), 'rpc.auth.decide.v1.reply');
});

test('the committed document is the one that the contracts give', async (t) => {
  const committed = await readFile(new URL('infra/docs/asyncapi.json', root), 'utf8');
  const current = asyncapi(catalogue, { prefix: 'sallyport', version });
  t.deepEqual(
    JSON.parse(committed),
    JSON.parse(JSON.stringify(current)),
    'run infra/scripts/asyncapi.ts',
  );
});
