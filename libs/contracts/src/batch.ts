import type { DataOf, EventType } from './define.ts';
import { type Dropped, isDropNotice } from './dropped.ts';
import { type Envelope, PLAIN_TEXT, TRACEPARENT, URI_REFERENCE } from './envelope.ts';
import { ContractError } from './errors.ts';

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** One message for an `evt` subject from one or more events that an `EventWriter` wrote. */
export function encodeBatch(events: readonly string[]): Uint8Array {
  if (events.length === 0) throw new ContractError('a batch of 0 events must have at least one');
  return utf8.encode(`[${events.join(',')}]`);
}

/**
 * The events of one message, or a {@link ContractError} that says which attribute of which event is wrong.
 *
 * Strict about what CloudEvents and {@link Envelope} define, tolerant of what is new: unknown attributes go to
 * `extensions`. Also reads a single event outside an array, which writers of this product never send. A message is
 * read whole or not at all; what is in `data` is checked by {@link decodeEvents}.
 */
export function decodeBatch(message: Uint8Array | string): Envelope[] {
  const value = parseJson(message);
  const events = Array.isArray(value) ? value : [value];
  if (events.length === 0) throw new ContractError('a batch of 0 events must have at least one');
  return events.map((event, at) => {
    const faults: string[] = [];
    const envelope = readEnvelope(event, (fault) => faults.push(fault));
    if (faults.length === 0) return envelope;
    throw new ContractError(`event ${at} of ${events.length}: ${faults.join('; ')}`);
  });
}

/** What a message on the subject of `type` holds: its events, data checked, and notices of what was dropped. */
export function decodeEvents<Type extends EventType>(
  type: Type,
  message: Uint8Array | string,
): (Envelope<DataOf<Type>> | Envelope<Dropped>)[] {
  return decodeBatch(message).map((envelope) => {
    if (isDropNotice(envelope)) return envelope;
    if (envelope.type === type.eventType) {
      return { ...envelope, data: type.parse(envelope.data) as DataOf<Type> };
    }
    throw new ContractError(
      `event ${envelope.id}: type '${envelope.type}' must be '${type.eventType}' on ${type.subject}`,
    );
  });
}

function parseJson(message: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof message === 'string' ? message : strictUtf8.decode(message));
  } catch (cause) {
    throw new ContractError('a batch must be JSON in UTF-8', { cause });
  }
}

type Fault = (fault: string) => void;

/** Attributes that {@link readEnvelope} deals with by name. */
const KNOWN = new Set([
  ...['specversion', 'id', 'source', 'type', 'time', 'datacontenttype', 'data', 'subject'],
  ...['instance', 'epoch', 'seq', 'traceparent', 'tracestate'],
]);
const ATTRIBUTE = /^[a-z0-9]+$/;
const JSON_TYPE = /^application\/(json|[^\s;/]+\+json)\s*(;|$)/i;
const RFC3339 =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;
const SEQ = /^[1-9]\d{0,15}$/;

function readEnvelope(event: unknown, fault: Fault): Envelope {
  const attributes = event as Record<string, unknown>;
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    fault(`${shape(event)} must be an object`);
    return {} as Envelope;
  }
  if (attributes['specversion'] !== '1.0') {
    fault(`specversion ${show(attributes['specversion'])} must be "1.0"`);
  }
  const contentType = attributes['datacontenttype'] ?? 'application/json';
  if (typeof contentType !== 'string' || !JSON_TYPE.test(contentType)) {
    fault(`datacontenttype ${show(contentType)} must be a JSON media type`);
  }
  if (!Object.hasOwn(attributes, 'data')) fault('data is missing');

  const required = (name: string, form: RegExp, rule: string, max = 1024): string => {
    const value = attributes[name];
    if (typeof value === 'string' && value.length <= max && form.test(value)) return value;
    fault(`${name} ${show(value)} must be ${rule} of at most ${max} characters`);
    return '';
  };
  const id = required('id', PLAIN_TEXT, 'text without control characters', 256);
  const source = required('source', URI_REFERENCE, 'a URI reference');
  const type = required('type', PLAIN_TEXT, 'text without control characters');
  const time = required('time', RFC3339, 'a time as in RFC 3339', 64);
  const instance = required('instance', PLAIN_TEXT, 'text without control characters');
  const epoch = required('epoch', PLAIN_TEXT, 'text without control characters');
  const seq = Number(required('seq', SEQ, 'a whole number from 1 as a decimal string', 16));
  if (seq > Number.MAX_SAFE_INTEGER) fault(`seq ${seq} must be below 2^53`);
  const optional: { subject?: string; traceparent?: string; tracestate?: string } = {};
  if (attributes['subject'] !== undefined && attributes['subject'] !== null) {
    optional.subject = required('subject', PLAIN_TEXT, 'text without control characters');
  }
  // A broken trace context must never cost a fact (W3C Trace Context 3.2: ignore what can't be parsed).
  const { traceparent, tracestate } = attributes;
  if (typeof traceparent === 'string' && TRACEPARENT.test(traceparent)) {
    optional.traceparent = traceparent;
    if (typeof tracestate === 'string' && PLAIN_TEXT.test(tracestate)) {
      optional.tracestate = tracestate;
    }
  }
  const extensions = readExtensions(attributes, fault);
  return {
    ...{ id, source, type, time, data: attributes['data'], instance, epoch, seq },
    ...optional,
    ...(extensions === undefined ? {} : { extensions }),
  };
}

function readExtensions(attributes: Record<string, unknown>, fault: Fault) {
  let extensions: Record<string, string | number | boolean> | undefined;
  for (const name of Object.keys(attributes)) {
    if (KNOWN.has(name)) continue;
    const value = attributes[name];
    // CloudEvents JSON format 2.2: null is the same as absent.
    if (value === null) continue;
    if (!ATTRIBUTE.test(name)) {
      fault(`attribute name ${show(name)} must be lower-case letters and digits`);
    } else if (isAttributeValue(value)) {
      extensions ??= {};
      extensions[name] = value;
    } else {
      fault(`${name} must be text, a boolean or a whole number of 32 bits`);
    }
  }
  return extensions;
}

/** CloudEvents 1.0 section 3.1: String, Boolean and Integer (signed, 32 bits) are what JSON can hold. */
function isAttributeValue(value: unknown): value is string | number | boolean {
  if (typeof value === 'number') return (value | 0) === value;
  return typeof value === 'boolean' || (typeof value === 'string' && !/\p{Cc}|\p{Cs}/u.test(value));
}

/** `value` for an error message: short, and never more than a scalar. */
function show(value: unknown): string {
  if (value === undefined || value === null) return 'is missing and';
  const text = JSON.stringify(typeof value === 'object' ? shape(value) : value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}

function shape(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return value === null ? 'null' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}
