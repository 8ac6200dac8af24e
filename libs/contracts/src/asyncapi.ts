import type { Contract } from './catalogue.ts';
import type { EventType } from './define.ts';
import { DROPPED, droppedSchema } from './dropped.ts';
import { CONTENT_TYPE } from './envelope.ts';

/** What an AsyncAPI document is made for. */
export interface AsyncApiOptions {
  /** First part of every subject. */
  readonly prefix: string;
  /** Version of the document, as in package.json. */
  readonly version: string;
}

const DESCRIPTION = `Events, jobs, requests and feeds of Sallyport, over NATS.

Every message on an \`evt\` subject is a CloudEvents 1.0 JSON batch: an array of one or more events. \`instance\`, \`epoch\` and
\`seq\` make gaps visible: for each (instance, epoch, subject) \`seq\` counts 1, 2, 3 … An event of type \`${DROPPED}\` stands for the
range \`from\` to \`to\` that its publisher dropped on purpose, its own \`seq\` equals \`to\`; any other gap is loss. Delivery is at
least once: \`id\` is the idempotency key.

Jobs, requests and feed messages are JSON, with what isn't data in headers. The schema of an answer is for messages
without \`sp-status\`; with one it is \`{code, message}\` or null. Without \`sp-timeout\` the caller waits 5 seconds.

Fields with \`x-sallyport-sealed\` hold a secret that only the service named there can open. Fields with \`x-sallyport-privacy\`
are personal data; the operator decides whether they are clear, a keyed hash (\`hk1.…\`) or a prefix that many people share.`;

const ATTRIBUTES = {
  specversion: { type: 'string', const: '1.0' },
  id: { type: 'string', minLength: 1, maxLength: 256, description: 'Idempotency key.' },
  source: { type: 'string', format: 'uri-reference' },
  time: { type: 'string', format: 'date-time' },
  datacontenttype: { type: 'string', const: 'application/json' },
  subject: { type: 'string', minLength: 1 },
  instance: { type: 'string', minLength: 1, description: 'The process that published it.' },
  epoch: { type: 'string', minLength: 1, description: 'One life of that process.' },
  seq: {
    type: 'string',
    pattern: '^[1-9][0-9]{0,15}$',
    description: 'Decimal; counts from 1 without a gap for each (instance, epoch, subject).',
  },
  traceparent: { type: 'string', description: 'W3C Trace Context.' },
  tracestate: { type: 'string', description: 'W3C Trace Context.' },
};
const REQUIRED = [
  'specversion',
  'id',
  'source',
  'type',
  'time',
  'data',
  'instance',
  'epoch',
  'seq',
];

/** An AsyncAPI 3.1 document of `contracts`, as a value to be written as JSON. */
export function asyncapi(
  contracts: readonly Contract[],
  { prefix, version }: AsyncApiOptions,
): Record<string, unknown> {
  const documents = contracts.map((contract) => channel(contract, prefix));
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Sallyport',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      nats: {
        host: '{host}',
        protocol: 'nats',
        variables: { host: { default: '127.0.0.1:4222', description: 'Address of nats-server.' } },
      },
    },
    channels: Object.assign({}, ...documents.map((d) => d.channels)),
    operations: Object.assign({}, ...documents.map((d) => d.operations)),
    components: {
      messages: Object.assign({}, ...documents.map((d) => d.messages)),
      schemas: { [DROPPED]: envelope(DROPPED, droppedSchema) },
    },
  };
}

function envelope(type: string, data: object) {
  return {
    type: 'object',
    required: REQUIRED,
    properties: { ...ATTRIBUTES, type: { type: 'string', const: type }, data },
    additionalProperties: true,
  };
}

function batch(event: EventType) {
  return {
    type: 'array',
    minItems: 1,
    items: {
      oneOf: [envelope(event.eventType, event.schema), { $ref: `#/components/schemas/${DROPPED}` }],
    },
  };
}

const header = (properties: Record<string, string>, required: string[] = []) => ({
  type: 'object',
  required,
  properties: Object.fromEntries(
    Object.entries({ ...properties, traceparent: 'W3C Trace Context.' }).map(
      ([name, description]) => [name, { type: 'string', description }],
    ),
  ),
});
/** Headers that libs/bus puts on messages. */
const JOB_HEADERS = header(
  { 'sp-id': 'Idempotency key.', 'sp-time': 'When it was accepted, milliseconds since the epoch.' },
  ['sp-id'],
);
const REQUEST_HEADERS = header({
  'sp-key': 'Idempotency key.',
  'sp-timeout': 'Milliseconds that the caller waits.',
});
const REPLY_HEADERS = header({ 'sp-status': 'busy, failed or contract; none on an answer.' });

/** A feed's message: one change of what its owner keeps, or, without a change, a heartbeat. */
function feedMessage(delta: object) {
  return {
    type: 'object',
    required: ['epoch', 'version'],
    properties: {
      epoch: { type: 'string', description: 'Versions of two epochs can’t be compared.' },
      version: { type: 'integer', minimum: 0, description: 'Grows by one with every change.' },
      delta,
    },
    additionalProperties: true,
  };
}

function channel(contract: Contract, prefix: string) {
  const { kind, subject, summary } = contract;
  const message = (suffix: string, payload: object, more: object = {}) => ({
    [`${subject}${suffix}`]: {
      name: `${subject}${suffix}`,
      summary,
      ...more,
      payload,
    },
  });
  const reference = (suffix: string) => ({
    address: suffix === '' ? `${prefix}.${subject}` : null,
    messages: {
      [`${subject}${suffix}`]: { $ref: `#/components/messages/${subject}${suffix}` },
    },
  });
  const here = { $ref: `#/channels/${subject}` };
  switch (kind) {
    case 'evt':
      return {
        channels: { [subject]: reference('') },
        operations: { [`send.${subject}`]: { action: 'send', channel: here, summary } },
        messages: message('', batch(contract), { contentType: CONTENT_TYPE }),
      };
    case 'rpc':
      return {
        channels: { [subject]: reference(''), [`${subject}.reply`]: reference('.reply') },
        operations: {
          [`receive.${subject}`]: {
            action: 'receive',
            channel: here,
            summary,
            reply: { channel: { $ref: `#/channels/${subject}.reply` } },
          },
        },
        messages: {
          ...message('', contract.schema, { headers: REQUEST_HEADERS }),
          ...message('.reply', contract.replySchema, { headers: REPLY_HEADERS }),
        },
      };
    case 'job':
      return {
        channels: { [subject]: reference('') },
        operations: { [`receive.${subject}`]: { action: 'receive', channel: here, summary } },
        messages: message('', contract.schema, { headers: JOB_HEADERS }),
      };
    case 'feed':
      return {
        channels: { [subject]: reference('') },
        operations: { [`send.${subject}`]: { action: 'send', channel: here, summary } },
        messages: message('', feedMessage(contract.schema)),
      };
  }
}
