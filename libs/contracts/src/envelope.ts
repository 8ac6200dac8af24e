import type { DataOf, EventType } from './define.ts';
import { ContractError } from './errors.ts';

/**
 * An event as its readers see it: CloudEvents 1.0 with this product's extension attributes.
 *
 * On the wire every message of an `evt` subject is a JSON batch of these ({@link CONTENT_TYPE}). Two things differ
 * there: `specversion` and `datacontenttype` are written out, and `seq` is a decimal string, because a CloudEvents
 * Integer has 32 bits, which 20,000 events a second exceed in 30 hours.
 */
export interface Envelope<Data = unknown> {
  /** Idempotency key: the same for every delivery of the same event. 1 to 256 characters. */
  readonly id: string;
  /** Who says it, as a URI reference: `/edge/edge-1`. */
  readonly source: string;
  /** `sallyport.<type>.v<version>`, see {@link EventType.eventType}; the same whatever the subjects' prefix. */
  readonly type: string;
  /** When it happened: RFC 3339. */
  readonly time: string;
  /** Makes sense only to readers who know its {@link type}. */
  readonly data: Data;
  /** What of the source it is about, CloudEvents' `subject`; not the subject of the message. */
  readonly subject?: string;
  /** The process that published it: stays the same over restarts, differs between processes running side by side. */
  readonly instance: string;
  /** One life of that process, such as its start in RFC 3339. Compare it for equality only. */
  readonly epoch: string;
  /** Counts from 1 without a gap for each (instance, epoch, message subject). */
  readonly seq: number;
  /** W3C Trace Context of what caused the event (CloudEvents' Distributed Tracing extension). */
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** Attributes that this version doesn't know, as they came. */
  readonly extensions?: Readonly<Record<string, string | number | boolean>>;
}

/** The media type of every message on an `evt` subject. */
export const CONTENT_TYPE = 'application/cloudevents-batch+json';

/** Where the events of one type come from, in one life of one process. */
export interface Origin {
  readonly source: string;
  readonly instance: string;
  readonly epoch: string;
}

/** What changes from one event to the next. */
export interface EventFields<Data> {
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly seq: number;
  readonly data: Data;
  readonly subject?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/** Turns events of one type into their wire form, ready for `encodeBatch`. */
export interface EventWriter<Data> {
  /** Checks `fields.data` against the contract first: `ContractError` names what doesn't fit. */
  write(fields: EventFields<Data>): string;
}

/** Characters that the CloudEvents type system allows in a String (section 3.1): no controls, no half pairs. */
export const PLAIN_TEXT = /^[^\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]+$/u;
/** Characters of a URI reference (RFC 3986 section 2). */
export const URI_REFERENCE = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/;
/** W3C Trace Context, section 3.2.2; later versions may append fields. */
export const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[0-9a-f-]+)?$/;

/** A writer for events of `type`. What is the same in all of them is checked and serialised here, once. */
export function eventWriter<Type extends EventType>(
  type: Type,
  origin: Origin,
): EventWriter<DataOf<Type>> {
  const write = envelopeWriter(type.eventType, origin);
  return {
    write(fields) {
      type.parse(fields.data);
      return write(fields);
    },
  };
}

/** As {@link eventWriter}, for a type known by name only and data that needs no check. */
export function envelopeWriter(
  eventType: string,
  { source, instance, epoch }: Origin,
): (fields: EventFields<unknown>) => string {
  if (!URI_REFERENCE.test(source)) {
    throw new ContractError(`source '${source}' must be a URI reference`);
  }
  plain('instance', instance);
  plain('epoch', epoch);
  const head =
    `{"specversion":"1.0","type":${JSON.stringify(eventType)},"source":${JSON.stringify(source)}` +
    `,"datacontenttype":"application/json","instance":${JSON.stringify(instance)}` +
    `,"epoch":${JSON.stringify(epoch)},"seq":"`;
  // Events come in bursts of the same millisecond; formatting a date costs as much as the rest of the envelope.
  let lastTime = Number.NaN;
  let lastText = '';
  return ({ id, time, seq, data, subject, traceparent, tracestate }) => {
    if (!Number.isSafeInteger(seq) || seq < 1) {
      throw new ContractError(`seq ${seq} must be a whole number from 1`);
    }
    if (id.length > 256)
      throw new ContractError(`id of ${id.length} characters must have at most 256`);
    if (time !== lastTime) {
      lastText = timestamp(time);
      lastTime = time;
    }
    let text = `${head}${seq}","id":${plain('id', id)},"time":"${lastText}"`;
    if (subject !== undefined) text += `,"subject":${plain('subject', subject)}`;
    if (traceparent !== undefined && TRACEPARENT.test(traceparent)) {
      text += `,"traceparent":"${traceparent}"`;
      if (tracestate !== undefined) text += `,"tracestate":${plain('tracestate', tracestate)}`;
    }
    return `${text},"data":${JSON.stringify(data)}}`;
  };
}

/** Text that needs neither a closer look nor an escape; what ids are made of. */
const SIMPLE = /^[A-Za-z0-9:/._-]+$/;

/** `value` as a JSON string, if readers won't refuse it: one bad attribute would cost them the whole batch. */
function plain(name: string, value: string): string {
  if (SIMPLE.test(value)) return `"${value}"`;
  if (PLAIN_TEXT.test(value)) return JSON.stringify(value);
  throw new ContractError(
    `${name} ${JSON.stringify(value)} must be non-empty text without control characters`,
  );
}

function timestamp(ms: number): string {
  // Beyond the year 9999 ISO 8601 grows a sign that RFC 3339 doesn't have.
  if (!(ms >= -62_135_596_800_000 && ms < 253_402_300_800_000)) {
    throw new ContractError(`time ${ms} must be milliseconds within the years 1 to 9999`);
  }
  return new Date(ms).toISOString();
}
